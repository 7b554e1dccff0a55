package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.AT_FDCWD;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileOpener;
import org.capvm.libos.process.Task;

/** {@code open} and its forms, {@code close}. */
final class OpenCalls {
  private static final int HOW_BYTES = 24;
  private static final int PAGE_BYTES = 4096;
  private static final long RESOLVE_KNOWN = 0x3f;
  private static final int CLOSE_RANGE_UNSHARE = 2;
  private static final int CLOSE_RANGE_CLOEXEC = 4;

  /** Flags that {@code openat2} knows; {@code open} ignores others. */
  private static final long KNOWN_FLAGS =
      OpenFlags.O_ACCMODE
          | OpenFlags.O_CREAT
          | OpenFlags.O_EXCL
          | OpenFlags.O_NOCTTY
          | OpenFlags.O_TRUNC
          | OpenFlags.O_APPEND
          | OpenFlags.O_NONBLOCK
          | OpenFlags.O_SYNC
          | OpenFlags.O_ASYNC
          | OpenFlags.O_DIRECT
          | OpenFlags.O_LARGEFILE
          | OpenFlags.O_DIRECTORY
          | OpenFlags.O_NOFOLLOW
          | OpenFlags.O_NOATIME
          | OpenFlags.O_CLOEXEC
          | OpenFlags.O_PATH
          | OpenFlags.O_TMPFILE;

  private static final int TMPFILE_BIT = OpenFlags.O_TMPFILE & ~OpenFlags.O_DIRECTORY;

  private OpenCalls() {}

  static long open(Task task, long path, int flags, int mode) {
    return openat(task, AT_FDCWD, path, flags, mode);
  }

  static long creat(Task task, long path, int mode) {
    int flags = OpenFlags.O_CREAT | OpenFlags.O_WRONLY | OpenFlags.O_TRUNC;
    return openat(task, AT_FDCWD, path, flags, mode);
  }

  static long openat(Task task, int directory, long pathAddress, int flags, int mode) {
    return open(task, directory, pathAddress, flags & (int) KNOWN_FLAGS, mode, 0);
  }

  /** Whether an unnamed file is asked for in a way that makes no sense. */
  private static boolean isBadUnnamed(int flags) {
    return (flags & TMPFILE_BIT) != 0
        && (flags & OpenFlags.O_PATH) == 0
        && (!isUnnamed(flags) || (flags & OpenFlags.O_ACCMODE) == OpenFlags.O_RDONLY);
  }

  private static long open(
      Task task, int directory, long pathAddress, int flags, int mode, int resolve) {
    if (isBadUnnamed(flags)) {
      return -Errno.EINVAL;
    }
    String path = Arguments.path(task, pathAddress);
    FileDescription file =
        FileOpener.open(
            Caller.of(task), Arguments.start(task, directory, path), path, flags, mode, resolve);
    return Arguments.install(task, file, flags);
  }

  static long openat2(Task task, int directory, long path, long how, long size) {
    if (Long.compareUnsigned(size, HOW_BYTES) < 0) {
      return -Errno.EINVAL;
    }
    if (Long.compareUnsigned(size, PAGE_BYTES) > 0) {
      return -Errno.E2BIG;
    }
    for (long extra = HOW_BYTES; extra < size; extra++) {
      if (task.memory().getByte(how + extra) != 0) {
        return -Errno.E2BIG;
      }
    }
    long flags = task.memory().getLong(how);
    long mode = task.memory().getLong(how + 8);
    long resolve = task.memory().getLong(how + 16);
    boolean creates = (flags & OpenFlags.O_CREAT) != 0 || isUnnamed(flags);
    if ((flags & ~KNOWN_FLAGS) != 0
        || (resolve & ~RESOLVE_KNOWN) != 0
        || (mode & ~07777L) != 0
        || (mode != 0 && !creates)) {
      return -Errno.EINVAL;
    }
    return open(task, directory, path, (int) flags, (int) mode, (int) resolve);
  }

  private static boolean isUnnamed(long flags) {
    return (flags & OpenFlags.O_TMPFILE) == OpenFlags.O_TMPFILE;
  }

  static long close(Task task, int descriptor) {
    return task.files().close(descriptor) ? 0 : -Errno.EBADF;
  }

  static long closeRange(Task task, int first, int last, int flags) {
    if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0
        || Integer.compareUnsigned(first, last) > 0) {
      return -Errno.EINVAL;
    }
    if ((flags & CLOSE_RANGE_UNSHARE) != 0 && task.files().isShared()) {
      return -Errno.EINVAL;
    }
    for (int descriptor : task.files().descriptors()) {
      if (Integer.compareUnsigned(descriptor, first) >= 0
          && Integer.compareUnsigned(descriptor, last) <= 0) {
        if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
          task.files().setCloseOnExec(descriptor, true);
        } else {
          close(task, descriptor);
        }
      }
    }
    return 0;
  }
}
