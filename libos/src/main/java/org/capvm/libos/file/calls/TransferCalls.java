package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.Whence.SEEK_CUR;
import static org.capvm.libos.abi.Whence.SEEK_SET;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.DirectoryDescription;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.content.FileSizeLimit;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.file.pipe.Pipe;
import org.capvm.libos.file.pipe.PipeEnd;
import org.capvm.libos.file.watch.WatchEvents;
import org.capvm.libos.host.HostFilecalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.process.Task;

/**
 * Moving bytes between open files: {@code sendfile}, {@code copy_file_range}, {@code splice},
 * {@code tee}, {@code vmsplice}.
 */
final class TransferCalls {
  private static final int CHUNK = 1 << 17;
  private static final int SPLICE_F_NONBLOCK = 2;
  private static final int SPLICE_KNOWN = 0xf;

  private TransferCalls() {}

  // ---- sendfile

  static long sendfile(Task task, int output, int input, long offsetAddress, long count) {
    if (offsetAddress == 0) {
      return sendfile(task, output, input, null, count);
    }
    long[] offset = {task.memory().getLong(offsetAddress)};
    long result;
    try {
      result = sendfile(task, output, input, offset, count);
    } catch (ErrnoException failed) {
      result = -failed.errno();
    }
    // Stored whatever the result is, so EFAULT comes before other errors.
    task.memory().putLong(offsetAddress, offset[0]);
    return result;
  }

  /**
   * The call itself.
   *
   * @param offset where to begin and then where it ended, or null for the input's own offset
   */
  private static long sendfile(Task task, int output, int input, long[] offset, long count) {
    FileDescription in = task.files().get(input);
    try {
      if (!in.isReadable()) {
        return -Errno.EBADF;
      }
      if (offset != null && !in.isPositional()) {
        return -Errno.ESPIPE;
      }
      if (count < 0 || (offset != null && offset[0] < 0)) {
        return -Errno.EINVAL;
      }
      FileDescription out = task.files().get(output);
      try {
        if (!out.isWritable()) {
          return -Errno.EBADF;
        }
        if (out.has(OpenFlags.O_APPEND)) {
          return -Errno.EINVAL;
        }
        if (count == 0) {
          return 0;
        }
        if (!(in instanceof RegularFile)) {
          return -Errno.EINVAL;
        }
        long start = offset == null ? in.seek(task, 0, SEEK_CUR) : offset[0];
        long done = copy(task, in, start, out, -1, clip(count));
        if (offset == null) {
          in.seek(task, start + Math.max(0, done), SEEK_SET);
        } else {
          offset[0] = start + Math.max(0, done);
        }
        return done;
      } finally {
        out.release();
      }
    } finally {
      in.release();
    }
  }

  private static long clip(long count) {
    return Long.compareUnsigned(count, IoBuffer.MAX_TRANSFER_BYTES) > 0
        ? IoBuffer.MAX_TRANSFER_BYTES
        : count;
  }

  /**
   * Copies from a position of one file to a position of another, -1 being the output's own offset;
   * stops early when the output takes no more.
   */
  private static long copy(
      Task task, FileDescription in, long inAt, FileDescription out, long outAt, long count) {
    long done = outAt < 0 ? copyInHost(in, inAt, out, count) : 0;
    if (done == count || (done > 0 && out.isNonBlocking())) {
      return done;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scratch = arena.allocate(Math.clamp(count, 1, CHUNK));
      while (done < count) {
        long want = Math.min(scratch.byteSize(), count - done);
        IoBuffer chunk = IoBuffer.host(scratch.asSlice(0, want));
        long read = in.readAt(task, chunk, inAt + done);
        if (read <= 0) {
          return done > 0 ? done : read;
        }
        long written = put(task, out, outAt < 0 ? -1 : outAt + done, chunk.slice(0, read));
        if (written < 0) {
          return done > 0 ? done : written;
        }
        done += written;
        if (written < read) {
          break;
        }
      }
    }
    return done;
  }

  /**
   * Lets the host move what it can at once between two of its descriptors. Errors are left to be
   * found again by a write, which knows what they mean.
   */
  private static long copyInHost(FileDescription in, long inAt, FileDescription out, long count) {
    int sink = out.hostSink();
    if (sink < 0) {
      return 0;
    }
    MemorySegment position = HostScratch.get().asSlice(0, Long.BYTES);
    position.set(ValueLayout.JAVA_LONG, 0, inAt);
    long moved = HostFilecalls.sendfile(sink, in.hostDescriptor(), position.address(), count);
    return Math.max(0, out.moved(WatchEvents.IN_MODIFY, moved));
  }

  private static long put(Task task, FileDescription out, long at, IoBuffer buffer) {
    try {
      long written = at < 0 ? out.write(task, buffer) : out.writeAt(task, buffer, at);
      return out.moved(WatchEvents.IN_MODIFY, written);
    } catch (ErrnoException failed) {
      return -failed.errno();
    }
  }

  // ---- copy_file_range

  static long copyFileRange(
      Task task, int input, long inOffset, int output, long outOffset, long count, int flags) {
    FileDescription in = task.files().get(input);
    try {
      FileDescription out = task.files().get(output);
      try {
        return copyRange(task, in, inOffset, out, outOffset, count, flags);
      } finally {
        out.release();
      }
    } finally {
      in.release();
    }
  }

  private static long copyRange(
      Task task,
      FileDescription in,
      long inOffset,
      FileDescription out,
      long outOffset,
      long count,
      int flags) {
    long inAt = inOffset == 0 ? -1 : task.memory().getLong(inOffset);
    long outAt = outOffset == 0 ? -1 : task.memory().getLong(outOffset);
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    if (in instanceof DirectoryDescription || out instanceof DirectoryDescription) {
      return -Errno.EISDIR;
    }
    if (!(in instanceof RegularFile source) || !(out instanceof RegularFile target)) {
      return -Errno.EINVAL;
    }
    if (!in.isReadable() || !out.isWritable() || out.has(OpenFlags.O_APPEND)) {
      return -Errno.EBADF;
    }
    inAt = inOffset == 0 ? in.seek(task, 0, SEEK_CUR) : inAt;
    outAt = outOffset == 0 ? out.seek(task, 0, SEEK_CUR) : outAt;
    long allowed = requireRange(task, source, inAt, target, outAt, count);
    if (inAt < 0 || outAt < 0) {
      return -Errno.EINVAL;
    }
    long done = copy(task, in, inAt, out, outAt, clip(allowed));
    if (done > 0) {
      advance(task, in, inOffset, inAt + done);
      advance(task, out, outOffset, outAt + done);
    }
    return done;
  }

  /** How many bytes there are to copy and may be copied; the order of checks is Linux's. */
  private static long requireRange(
      Task task, RegularFile in, long inAt, RegularFile out, long outAt, long count) {
    if (Long.compareUnsigned(inAt + count, inAt) < 0
        || Long.compareUnsigned(outAt + count, outAt) < 0) {
      throw ErrnoException.of(Errno.EOVERFLOW);
    }
    FileStatus source = in.status();
    long left = Math.max(0, source.size() - inAt);
    long there = Long.compareUnsigned(count, left) > 0 ? left : count;
    long allowed = FileSizeLimit.admit(task, outAt, there);
    if (outAt == Long.MAX_VALUE || !out.canReach(outAt + 1)) {
      throw ErrnoException.of(Errno.EFBIG);
    }
    FileStatus target = out.status();
    if (source.inode() == target.inode()
        && source.device() == target.device()
        && outAt + allowed > inAt
        && outAt < inAt + allowed) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return allowed;
  }

  private static void advance(Task task, FileDescription file, long offsetAddress, long position) {
    if (offsetAddress == 0) {
      file.seek(task, position, SEEK_SET);
    } else {
      task.memory().putLong(offsetAddress, position);
    }
  }

  // ---- splice and its kin

  static long splice(
      Task task, int input, long inOffset, int output, long outOffset, long count, int flags) {
    if (count == 0) {
      return 0;
    }
    if ((flags & ~SPLICE_KNOWN) != 0) {
      return -Errno.EINVAL;
    }
    FileDescription in = task.files().get(input);
    try {
      FileDescription out = task.files().get(output);
      try {
        if ((in instanceof PipeEnd && inOffset != 0)
            || (out instanceof PipeEnd && outOffset != 0)) {
          return -Errno.ESPIPE;
        }
        requireReadable(task, inOffset);
        requireReadable(task, outOffset);
        if (!in.isReadable() || !out.isWritable()) {
          return -Errno.EBADF;
        }
        if (count < 0) {
          return -Errno.EINVAL;
        }
        boolean wait = (flags & SPLICE_F_NONBLOCK) == 0;
        if (in instanceof PipeEnd source) {
          if (out.has(OpenFlags.O_APPEND) || (outOffset != 0 && !out.isPositional())) {
            return -Errno.EINVAL;
          }
          if (out instanceof PipeEnd target && source.pipe().equals(target.pipe())) {
            return -Errno.EINVAL;
          }
          return spliceOut(task, source, out, outOffset, clip(count), wait);
        }
        if (out instanceof PipeEnd target) {
          if (inOffset != 0 && !in.isPositional()) {
            return -Errno.EINVAL;
          }
          return spliceIn(task, in, inOffset, target, clip(count), wait);
        }
        return -Errno.EINVAL;
      } finally {
        out.release();
      }
    } finally {
      in.release();
    }
  }

  /** EFAULT for an offset that cannot be read. */
  private static void requireReadable(Task task, long offsetAddress) {
    if (offsetAddress != 0) {
      task.memory().getLong(offsetAddress);
    }
  }

  /** From a pipe: what the output did not take stays in the pipe. */
  private static long spliceOut(
      Task task, PipeEnd source, FileDescription out, long outOffset, long count, boolean wait) {
    Pipe pipe = source.pipe();
    if (!pipe.awaitData(task, wait && !source.isNonBlocking()) || count == 0) {
      return 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scratch = arena.allocate(Math.clamp(count, 1, Pipe.MAX_CAPACITY));
      IoBuffer buffer = IoBuffer.host(scratch);
      long there = pipe.peek(buffer);
      long at = outOffset == 0 ? -1 : task.memory().getLong(outOffset);
      long written = put(task, out, at, buffer.slice(0, there));
      if (written > 0) {
        pipe.discard((int) written);
        if (outOffset != 0) {
          task.memory().putLong(outOffset, at + written);
        }
      }
      return written;
    }
  }

  private static long spliceIn(
      Task task, FileDescription in, long inOffset, PipeEnd target, long count, boolean wait) {
    boolean nonBlocking = !wait || target.isNonBlocking();
    int room = target.pipe().awaitRoom(task, !nonBlocking);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scratch = arena.allocate(Math.clamp(count, 1, room));
      IoBuffer buffer = IoBuffer.host(scratch);
      long at = inOffset == 0 ? -1 : task.memory().getLong(inOffset);
      long read = at < 0 ? in.read(task, buffer) : in.readAt(task, buffer, at);
      if (read <= 0) {
        return read;
      }
      long written = target.pipe().write(task, buffer.slice(0, read), nonBlocking);
      if (inOffset != 0) {
        task.memory().putLong(inOffset, at + written);
      }
      return written;
    }
  }

  static long tee(Task task, int input, int output, long count, int flags) {
    if ((flags & ~SPLICE_KNOWN) != 0) {
      return -Errno.EINVAL;
    }
    if (count == 0) {
      return 0;
    }
    FileDescription in = task.files().get(input);
    try {
      FileDescription out = task.files().get(output);
      try {
        if (!in.isReadable() || !out.isWritable()) {
          return -Errno.EBADF;
        }
        if (!(in instanceof PipeEnd source)
            || !(out instanceof PipeEnd target)
            || source.pipe().equals(target.pipe())) {
          return -Errno.EINVAL;
        }
        boolean wait = (flags & SPLICE_F_NONBLOCK) == 0;
        if (!source.pipe().awaitData(task, wait && !source.isNonBlocking())) {
          return 0;
        }
        int room = target.pipe().awaitRoom(task, wait && !target.isNonBlocking());
        try (Arena arena = Arena.ofConfined()) {
          IoBuffer buffer = IoBuffer.host(arena.allocate(Math.clamp(clip(count), 1, room)));
          long there = source.pipe().peek(buffer);
          return target.pipe().write(task, buffer.slice(0, there), true);
        }
      } finally {
        out.release();
      }
    } finally {
      in.release();
    }
  }

  static long vmsplice(Task task, int descriptor, long vector, long count, int flags) {
    if ((flags & ~SPLICE_KNOWN) != 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isReadable() && !file.isWritable()) {
        return -Errno.EBADF;
      }
      IoBuffer buffer = ReadWriteCalls.vector(task, vector, count, !file.isWritable());
      if (buffer.length() == 0) {
        return 0;
      }
      if (!(file instanceof PipeEnd end)) {
        return -Errno.EBADF;
      }
      boolean nonBlocking = (flags & SPLICE_F_NONBLOCK) != 0 || end.isNonBlocking();
      if (end.isWritable()) {
        return end.pipe().write(task, buffer, nonBlocking);
      }
      return end.pipe().read(task, buffer, nonBlocking);
    } finally {
      file.release();
    }
  }
}
