package org.capvm.libos.file.calls;

import static org.capvm.libos.file.watch.WatchEvents.IN_ACCESS;
import static org.capvm.libos.file.watch.WatchEvents.IN_MODIFY;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.process.Task;

/** Reading, writing and seeking. */
final class ReadWriteCalls {
  /** The last of the {@code SEEK_} constants, {@code SEEK_HOLE}. */
  private static final int SEEK_MAX = 4;

  private static final int IOV_MAX = 1024;
  private static final int IOVEC_BYTES = 16;
  private static final int RWF_HIPRI = 1;
  private static final int RWF_DSYNC = 2;
  private static final int RWF_SYNC = 4;
  private static final int RWF_DONE = RWF_HIPRI | RWF_DSYNC | RWF_SYNC;
  private static final long CURRENT = -1;

  private ReadWriteCalls() {}

  static long read(Task task, int descriptor, long buffer, long count) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isReadable()) {
        return -Errno.EBADF;
      }
      task.addressSpace().prepareStore(buffer, count);
      return file.moved(IN_ACCESS, file.read(task, IoBuffer.guest(task.memory(), buffer, count)));
    } finally {
      file.release();
    }
  }

  static long write(Task task, int descriptor, long buffer, long count) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isWritable()) {
        return -Errno.EBADF;
      }
      return file.moved(IN_MODIFY, file.write(task, IoBuffer.guest(task.memory(), buffer, count)));
    } finally {
      file.release();
    }
  }

  static long pread(Task task, int descriptor, long buffer, long count, long position) {
    if (position < 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isReadable()) {
        return -Errno.EBADF;
      }
      task.addressSpace().prepareStore(buffer, count);
      return file.moved(
          IN_ACCESS, file.readAt(task, IoBuffer.guest(task.memory(), buffer, count), position));
    } finally {
      file.release();
    }
  }

  static long pwrite(Task task, int descriptor, long buffer, long count, long position) {
    if (position < 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isWritable()) {
        return -Errno.EBADF;
      }
      return file.moved(
          IN_MODIFY, file.writeAt(task, IoBuffer.guest(task.memory(), buffer, count), position));
    } finally {
      file.release();
    }
  }

  static long readv(Task task, int descriptor, long vector, long count) {
    return readVector(task, descriptor, vector, count, CURRENT);
  }

  static long writev(Task task, int descriptor, long vector, long count) {
    return writeVector(task, descriptor, vector, count, CURRENT);
  }

  static long preadv(Task task, int descriptor, long vector, long count, long position) {
    return position < 0 ? -Errno.EINVAL : readVector(task, descriptor, vector, count, position);
  }

  static long pwritev(Task task, int descriptor, long vector, long count, long position) {
    return position < 0 ? -Errno.EINVAL : writeVector(task, descriptor, vector, count, position);
  }

  static long preadv2(
      Task task, int descriptor, long vector, long count, long position, int flags) {
    if ((flags & ~RWF_DONE) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    return position < CURRENT
        ? -Errno.EINVAL
        : readVector(task, descriptor, vector, count, position);
  }

  static long pwritev2(
      Task task, int descriptor, long vector, long count, long position, int flags) {
    if ((flags & ~RWF_DONE) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    if (position < CURRENT) {
      return -Errno.EINVAL;
    }
    long written = writeVector(task, descriptor, vector, count, position);
    if (written > 0 && (flags & (RWF_DSYNC | RWF_SYNC)) != 0) {
      SyncCalls.fsync(task, descriptor, (flags & RWF_SYNC) == 0);
    }
    return written;
  }

  private static long readVector(
      Task task, int descriptor, long vector, long count, long position) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isReadable()) {
        return -Errno.EBADF;
      }
      IoBuffer buffer = vector(task, vector, count, true);
      return file.moved(
          IN_ACCESS,
          position == CURRENT ? file.read(task, buffer) : file.readAt(task, buffer, position));
    } finally {
      file.release();
    }
  }

  private static long writeVector(
      Task task, int descriptor, long vector, long count, long position) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isWritable()) {
        return -Errno.EBADF;
      }
      IoBuffer buffer = vector(task, vector, count, false);
      return file.moved(
          IN_MODIFY,
          position == CURRENT ? file.write(task, buffer) : file.writeAt(task, buffer, position));
    } finally {
      file.release();
    }
  }

  /**
   * Reads the guest's {@code struct iovec}s, once.
   *
   * @param stored whether the host will store to them
   */
  static IoBuffer vector(Task task, long vector, long count, boolean stored) {
    if (count < 0 || count > IOV_MAX) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    int pieces = (int) count;
    long[] addresses = new long[pieces];
    long[] lengths = new long[pieces];
    for (int i = 0; i < pieces; i++) {
      long entry = vector + (long) i * IOVEC_BYTES;
      addresses[i] = task.memory().getLong(entry);
      lengths[i] = task.memory().getLong(entry + 8);
      if (lengths[i] < 0) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      if (stored) {
        task.addressSpace().prepareStore(addresses[i], lengths[i]);
      }
    }
    return pieces == 1
        ? IoBuffer.guest(task.memory(), addresses[0], lengths[0])
        : IoBuffer.guest(task.memory(), addresses, lengths);
  }

  static long lseek(Task task, int descriptor, long offset, int whence) {
    FileDescription file = task.files().get(descriptor);
    try {
      // Before the file itself is asked, which may not be one that can be sought.
      return whence < 0 || whence > SEEK_MAX ? -Errno.EINVAL : file.seek(task, offset, whence);
    } finally {
      file.release();
    }
  }
}
