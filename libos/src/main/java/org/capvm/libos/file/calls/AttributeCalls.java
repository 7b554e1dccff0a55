package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.AT_EMPTY_PATH;
import static org.capvm.libos.abi.OpenFlags.AT_FDCWD;
import static org.capvm.libos.abi.OpenFlags.AT_SYMLINK_NOFOLLOW;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.Timestamp;
import org.capvm.libos.file.content.FileSizeLimit;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.file.pipe.PipeEnd;
import org.capvm.libos.file.watch.WatchEvents;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;

/** Changing a file's mode, owner, times and length. */
final class AttributeCalls {
  private static final long UTIME_NOW = 0x3fffffff;
  private static final long UTIME_OMIT = 0x3ffffffe;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long MICROS_PER_SECOND = 1_000_000L;

  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int FALLOC_FL_PUNCH_HOLE = 2;
  private static final int FALLOC_FL_COLLAPSE_RANGE = 8;
  private static final int FALLOC_FL_ZERO_RANGE = 0x10;
  private static final int FALLOC_FL_INSERT_RANGE = 0x20;
  private static final int FALLOC_FL_UNSHARE_RANGE = 0x40;

  private AttributeCalls() {}

  /** What a descriptor stands for; anonymous files have no attributes to change. */
  private static Location located(FileDescription file) {
    if (file.location() == null) {
      boolean anonymous = file instanceof AnonymousDescription;
      throw ErrnoException.of(anonymous ? Errno.EOPNOTSUPP : Errno.EPERM);
    }
    return file.location();
  }

  private static void changed(Location location, int event) {
    location.mount().watches().happened(location, event);
  }

  // ---- mode

  static long chmod(Task task, long path, int mode) {
    return fchmodat2(task, AT_FDCWD, path, mode, 0);
  }

  static long fchmod(Task task, int descriptor, int mode) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (file.location() == null) {
        Access.requireOwner(file.status().uid(), task.credentials());
        if (file.changeMode(mode & 07777)) {
          return 0;
        }
      }
      return changeMode(task, located(file), mode);
    } finally {
      file.release();
    }
  }

  static long fchmodat2(Task task, int at, long path, int mode, int flags) {
    if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    return changeMode(task, Arguments.locate(task, at, path, flags, true), mode);
  }

  private static long changeMode(Task task, Location location, int mode) {
    location.requireWritable();
    Credentials credentials = task.credentials();
    Access.requireOwner(location.inode(), credentials);
    int permissions = mode & 07777;
    if (credentials.fsuid() != 0 && !credentials.inGroup(location.inode().status().gid())) {
      permissions &= ~FileMode.S_ISGID;
    }
    location.inode().changeMode(permissions);
    changed(location, WatchEvents.IN_ATTRIB);
    return 0;
  }

  // ---- owner

  static long chown(Task task, long path, int uid, int gid) {
    return fchownat(task, AT_FDCWD, path, uid, gid, 0);
  }

  static long lchown(Task task, long path, int uid, int gid) {
    return fchownat(task, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
  }

  static long fchown(Task task, int descriptor, int uid, int gid) {
    FileDescription file = task.files().get(descriptor);
    try {
      return changeOwner(task, located(file), uid, gid);
    } finally {
      file.release();
    }
  }

  static long fchownat(Task task, int at, long path, int uid, int gid, int flags) {
    if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    return changeOwner(task, Arguments.locate(task, at, path, flags, true), uid, gid);
  }

  private static long changeOwner(Task task, Location location, int uid, int gid) {
    location.requireWritable();
    Inode inode = location.inode();
    Credentials credentials = task.credentials();
    FileStatus status = inode.status();
    if (credentials.fsuid() != 0) {
      boolean sameUser = uid == -1 || (uid == status.uid() && uid == credentials.fsuid());
      boolean ownGroup = gid == -1 || credentials.inGroup(gid);
      if (!sameUser || !ownGroup || status.uid() != credentials.fsuid()) {
        return -Errno.EPERM;
      }
    }
    inode.changeOwner(uid, gid);
    int setId = FileMode.S_ISUID | FileMode.S_ISGID;
    boolean executable = (status.mode() & 0111) != 0;
    if (inode.isRegular() && executable && (status.mode() & setId) != 0) {
      inode.changeMode(status.mode() & 07777 & ~setId);
    }
    changed(location, WatchEvents.IN_ATTRIB);
    return 0;
  }

  // ---- times

  static long utime(Task task, long path, long times) {
    // The times are read before the path is looked at.
    long access = times == 0 ? 0 : task.memory().getLong(times);
    long modification = times == 0 ? 0 : task.memory().getLong(times + 8);
    Location location = Arguments.locate(task, AT_FDCWD, path, 0, true);
    return times == 0
        ? changeTimes(task, location, UTIME_NOW, 0, UTIME_NOW, 0)
        : changeTimes(task, location, 0, access, 0, modification);
  }

  static long utimes(Task task, long path, long times) {
    return futimesat(task, AT_FDCWD, path, times);
  }

  static long futimesat(Task task, int at, long path, long times) {
    if (times == 0) {
      Location location = named(task, at, path, 0);
      return changeTimes(task, location, UTIME_NOW, 0, UTIME_NOW, 0);
    }
    long access = task.memory().getLong(times);
    long accessMicros = task.memory().getLong(times + 8);
    long modification = task.memory().getLong(times + 16);
    long modificationMicros = task.memory().getLong(times + 24);
    if (accessMicros < 0
        || accessMicros >= MICROS_PER_SECOND
        || modificationMicros < 0
        || modificationMicros >= MICROS_PER_SECOND) {
      return -Errno.EINVAL;
    }
    Location location = named(task, at, path, 0);
    return changeTimes(
        task, location, accessMicros * 1000, access, modificationMicros * 1000, modification);
  }

  /** What a path names, or a descriptor without one. */
  private static Location named(Task task, int at, long path, int flags) {
    if (path != 0 || at == AT_FDCWD) {
      return Arguments.locate(task, at, path, flags, true);
    }
    FileDescription file = task.files().get(at);
    try {
      return located(file);
    } finally {
      file.release();
    }
  }

  static long utimensat(Task task, int at, long path, long times, int flags) {
    if ((path == 0 && at != AT_FDCWD && flags != 0)
        || (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    long accessNanos = times == 0 ? UTIME_NOW : task.memory().getLong(times + 8);
    long modificationNanos = times == 0 ? UTIME_NOW : task.memory().getLong(times + 24);
    if (!isValid(accessNanos) || !isValid(modificationNanos)) {
      return -Errno.EINVAL;
    }
    if (accessNanos == UTIME_OMIT && modificationNanos == UTIME_OMIT) {
      return 0;
    }
    long access = times == 0 ? 0 : task.memory().getLong(times);
    long modification = times == 0 ? 0 : task.memory().getLong(times + 16);
    Location location = named(task, at, path, flags);
    return changeTimes(task, location, accessNanos, access, modificationNanos, modification);
  }

  private static boolean isValid(long nanos) {
    return nanos == UTIME_NOW || nanos == UTIME_OMIT || (nanos >= 0 && nanos < NANOS_PER_SECOND);
  }

  private static long changeTimes(
      Task task,
      Location location,
      long accessNanos,
      long accessSeconds,
      long modificationNanos,
      long modificationSeconds) {
    location.requireWritable();
    Credentials credentials = task.credentials();
    boolean now = accessNanos == UTIME_NOW && modificationNanos == UTIME_NOW;
    if (!now) {
      Access.requireOwner(location.inode(), credentials);
    } else if (credentials.fsuid() != location.inode().status().uid()) {
      Access.require(location.inode(), credentials, Access.WRITE);
    }
    location
        .inode()
        .changeTimes(
            time(accessSeconds, accessNanos), time(modificationSeconds, modificationNanos));
    if (modificationNanos == UTIME_OMIT) {
      changed(location, WatchEvents.IN_ACCESS);
    } else {
      boolean both = accessNanos != UTIME_OMIT;
      changed(location, both ? WatchEvents.IN_ATTRIB : WatchEvents.IN_MODIFY);
    }
    return 0;
  }

  private static Timestamp time(long seconds, long nanos) {
    if (nanos == UTIME_OMIT) {
      return null;
    }
    return nanos == UTIME_NOW ? Timestamp.now() : new Timestamp(seconds, (int) nanos);
  }

  // ---- length

  static long truncate(Task task, long path, long length) {
    if (length < 0) {
      return -Errno.EINVAL;
    }
    Location location = Arguments.locate(task, AT_FDCWD, path, 0, true);
    Inode inode = location.inode();
    if (inode.isDirectory()) {
      return -Errno.EISDIR;
    }
    if (!inode.isRegular()) {
      return -Errno.EINVAL;
    }
    location.requireWritable();
    Access.require(inode, task.credentials(), Access.WRITE);
    FileSizeLimit.requireSize(task, inode.status().size(), length);
    inode.truncate(length);
    changed(location, WatchEvents.IN_MODIFY);
    return 0;
  }

  static long ftruncate(Task task, int descriptor, long length) {
    if (length < 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isWritable()) {
        return -Errno.EINVAL;
      }
      if (file instanceof RegularFile) {
        FileSizeLimit.requireSize(task, file.status().size(), length);
      }
      file.truncate(length);
      file.happened(WatchEvents.IN_MODIFY);
      return 0;
    } finally {
      file.release();
    }
  }

  /** The combinations of {@code fallocate}'s modes that there are, in fallocate(2). */
  private static boolean isAllocationMode(int mode) {
    return switch (mode) {
      case 0,
          FALLOC_FL_KEEP_SIZE,
          FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
          FALLOC_FL_COLLAPSE_RANGE,
          FALLOC_FL_ZERO_RANGE,
          FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
          FALLOC_FL_INSERT_RANGE,
          FALLOC_FL_UNSHARE_RANGE,
          FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE ->
          true;
      default -> false;
    };
  }

  static long fallocate(Task task, int descriptor, int mode, long offset, long length) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (offset < 0 || length <= 0) {
        return -Errno.EINVAL;
      }
      if (!isAllocationMode(mode)) {
        return -Errno.EOPNOTSUPP;
      }
      if (!file.isWritable()) {
        return -Errno.EBADF;
      }
      if (file instanceof PipeEnd) {
        return -Errno.ESPIPE;
      }
      boolean extendsTo =
          (mode & (FALLOC_FL_KEEP_SIZE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) == 0;
      if (extendsTo && file instanceof RegularFile && offset <= Long.MAX_VALUE - length) {
        FileSizeLimit.requireSize(task, file.status().size(), offset + length);
      }
      return file.allocate(mode, offset, length);
    } finally {
      file.release();
    }
  }
}
