package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.Whence.SEEK_HOLE;
import static org.capvm.libos.file.watch.WatchEvents.IN_ACCESS;
import static org.capvm.libos.file.watch.WatchEvents.IN_MODIFY;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.DirectoryDescription;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.process.Task;

/** Reading, writing and seeking. */
final class ReadWriteCalls {
  private static final int IOV_MAX = 1024;
  private static final int RWF_HIPRI = 1;
  private static final int RWF_DSYNC = 2;
  private static final int RWF_SYNC = 4;
  private static final int RWF_DONE = RWF_HIPRI | RWF_DSYNC | RWF_SYNC;
  private static final long CURRENT = -1;

  private ReadWriteCalls() {}

  static long read(Task task, int descriptor, long buffer, long count) {
    FileDescription file = task.files().get(descriptor);
    try {
      requireReadable(file);
      AddressLayout.requireUserRange(buffer, count);
      task.addressSpace().prepareStore(buffer, count);
      return file.moved(IN_ACCESS, file.read(task, IoBuffer.guest(task.memory(), buffer, count)));
    } finally {
      file.release();
    }
  }

  private static void requireReadable(FileDescription file) {
    if (!file.isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (!file.canRead()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  static long write(Task task, int descriptor, long buffer, long count) {
    FileDescription file = task.files().get(descriptor);
    try {
      requireWritable(file);
      AddressLayout.requireUserRange(buffer, count);
      return file.moved(IN_MODIFY, file.write(task, IoBuffer.guest(task.memory(), buffer, count)));
    } finally {
      file.release();
    }
  }

  private static void requireWritable(FileDescription file) {
    if (!file.isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (!file.canWrite()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  static long pread(Task task, int descriptor, long buffer, long count, long position) {
    if (position < 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      requirePositional(file);
      requireReadable(file);
      AddressLayout.requireUserRange(buffer, count);
      requireBelowEnd(position, count);
      task.addressSpace().prepareStore(buffer, count);
      return file.moved(
          IN_ACCESS, file.readAt(task, IoBuffer.guest(task.memory(), buffer, count), position));
    } finally {
      file.release();
    }
  }

  private static void requirePositional(FileDescription file) {
    if (!file.isPositional()) {
      throw ErrnoException.of(Errno.ESPIPE);
    }
  }

  /** EINVAL if a transfer would pass the highest position there is. */
  private static void requireBelowEnd(long position, long count) {
    if (count >= 0 && position > Long.MAX_VALUE - count) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  static long pwrite(Task task, int descriptor, long buffer, long count, long position) {
    if (position < 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      requirePositional(file);
      requireWritable(file);
      AddressLayout.requireUserRange(buffer, count);
      requireBelowEnd(position, count);
      return file.moved(
          IN_MODIFY, file.writeAt(task, IoBuffer.guest(task.memory(), buffer, count), position));
    } finally {
      file.release();
    }
  }

  static long readv(Task task, int descriptor, long vector, long count) {
    return readVector(task, descriptor, vector, count, CURRENT, 0);
  }

  static long writev(Task task, int descriptor, long vector, long count) {
    return writeVector(task, descriptor, vector, count, CURRENT, 0);
  }

  static long preadv(Task task, int descriptor, long vector, long count, long position) {
    return position < 0 ? -Errno.EINVAL : readVector(task, descriptor, vector, count, position, 0);
  }

  static long pwritev(Task task, int descriptor, long vector, long count, long position) {
    return position < 0 ? -Errno.EINVAL : writeVector(task, descriptor, vector, count, position, 0);
  }

  static long preadv2(
      Task task, int descriptor, long vector, long count, long position, int flags) {
    return position < CURRENT
        ? -Errno.EINVAL
        : readVector(task, descriptor, vector, count, position, flags);
  }

  static long pwritev2(
      Task task, int descriptor, long vector, long count, long position, int flags) {
    return position < CURRENT
        ? -Errno.EINVAL
        : writeVector(task, descriptor, vector, count, position, flags);
  }

  private static long readVector(
      Task task, int descriptor, long vector, long count, long position, int flags) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (position != CURRENT) {
        requirePositional(file);
      }
      requireReadable(file);
      IoBuffer buffer = vector(task, vector, count, true);
      if (buffer.length() == 0) {
        return 0;
      }
      requireTransfer(file, buffer, position, flags);
      return file.moved(
          IN_ACCESS,
          position == CURRENT ? file.read(task, buffer) : file.readAt(task, buffer, position));
    } finally {
      file.release();
    }
  }

  private static long writeVector(
      Task task, int descriptor, long vector, long count, long position, int flags) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (position != CURRENT) {
        requirePositional(file);
      }
      requireWritable(file);
      IoBuffer buffer = vector(task, vector, count, false);
      if (buffer.length() == 0) {
        return 0;
      }
      requireTransfer(file, buffer, position, flags);
      long written =
          position == CURRENT ? file.write(task, buffer) : file.writeAt(task, buffer, position);
      boolean sync = (flags & (RWF_DSYNC | RWF_SYNC)) != 0;
      if (written > 0 && sync && file instanceof RegularFile) {
        file.sync((flags & RWF_SYNC) == 0);
      }
      return file.moved(IN_MODIFY, written);
    } finally {
      file.release();
    }
  }

  /** What is left to be refused when there are bytes to transfer. */
  private static void requireTransfer(
      FileDescription file, IoBuffer buffer, long position, int flags) {
    requireBelowEnd(position, buffer.length());
    int known = file instanceof DirectoryDescription ? RWF_HIPRI : RWF_DONE;
    if ((flags & ~known) != 0) {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
  }

  /**
   * Reads the guest's {@code struct iovec}s, once.
   *
   * @param stored whether the host will store to them
   * @throws ErrnoException EINVAL for more than 1,024 or one above 2^63 bytes, EFAULT
   */
  static IoBuffer vector(Task task, long vector, long count, boolean stored) {
    if (count < 0 || count > IOV_MAX) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return IoBuffer.gathered(task, vector, (int) count, stored);
  }

  static long lseek(Task task, int descriptor, long offset, int whence) {
    FileDescription file = task.files().get(descriptor);
    try {
      // Before the file itself is asked, which may not be one that can be sought.
      return whence < 0 || whence > SEEK_HOLE ? -Errno.EINVAL : file.seek(task, offset, whence);
    } finally {
      file.release();
    }
  }
}
