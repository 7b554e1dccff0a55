package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.AT_EACCESS;
import static org.capvm.libos.abi.OpenFlags.AT_EMPTY_PATH;
import static org.capvm.libos.abi.OpenFlags.AT_FDCWD;
import static org.capvm.libos.abi.OpenFlags.AT_NO_AUTOMOUNT;
import static org.capvm.libos.abi.OpenFlags.AT_SYMLINK_NOFOLLOW;

import java.nio.charset.StandardCharsets;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystemStatus;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.Mount;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;

/** Questions about files: {@code stat}, {@code access}, {@code readlink}, {@code statfs}. */
final class StatCalls {
  private static final int AT_STATX_SYNC_TYPE = 0x6000;
  private static final int STATX_RESERVED = 0x80000000;
  private static final int ANY_ACCESS = 7;

  private StatCalls() {}

  static long stat(Task task, long path, long result) {
    return newfstatat(task, AT_FDCWD, path, result, 0);
  }

  static long lstat(Task task, long path, long result) {
    return newfstatat(task, AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW);
  }

  static long fstat(Task task, int descriptor, long result) {
    StatStructures.writeStat(task.memory(), result, statusOf(task, descriptor));
    return 0;
  }

  private static FileStatus statusOf(Task task, int descriptor) {
    FileDescription file = task.files().getAny(descriptor);
    try {
      return file.status();
    } finally {
      file.release();
    }
  }

  static long newfstatat(Task task, int directory, long path, long result, int flags) {
    int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
    if ((flags & ~known) != 0) {
      return -Errno.EINVAL;
    }
    StatStructures.writeStat(task.memory(), result, status(task, directory, path, flags));
    return 0;
  }

  /**
   * The status of what a descriptor, a path and flags name; the descriptor itself for an empty
   * path.
   */
  private static FileStatus status(Task task, int directory, long pathAddress, int flags) {
    String path = Arguments.path(task, pathAddress);
    if (path.isEmpty() && (flags & AT_EMPTY_PATH) != 0) {
      return directory == AT_FDCWD
          ? task.fileSystem().workingDirectory().inode().status()
          : statusOf(task, directory);
    }
    boolean follow = (flags & AT_SYMLINK_NOFOLLOW) == 0;
    Location start = Arguments.start(task, directory, path);
    return PathWalk.walk(Caller.of(task), start, path, follow, 0).status();
  }

  static long statx(Task task, int directory, long path, int flags, int mask, long result) {
    int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
    if ((flags & ~known) != 0
        || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE
        || (mask & STATX_RESERVED) != 0) {
      return -Errno.EINVAL;
    }
    StatStructures.writeStatx(task.memory(), result, status(task, directory, path, flags));
    return 0;
  }

  static long access(Task task, long path, int mode) {
    return faccessat2(task, AT_FDCWD, path, mode, 0);
  }

  static long faccessat2(Task task, int directory, long path, int mode, int flags) {
    if ((mode & ~ANY_ACCESS) != 0
        || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    Location location = Arguments.locate(task, directory, path, flags, true);
    Credentials credentials = task.credentials();
    if ((flags & AT_EACCESS) == 0) {
      credentials = credentials.withFileAccess(credentials.uid(), credentials.gid());
    }
    if ((mode & Access.WRITE) != 0) {
      boolean stored = location.inode().isRegular() || location.inode().isDirectory();
      if (stored && location.mount().readOnly()) {
        return -Errno.EROFS;
      }
    }
    Access.require(location.inode(), credentials, mode);
    return 0;
  }

  static long readlink(Task task, long path, long buffer, long size) {
    return readlinkat(task, AT_FDCWD, path, buffer, (int) size);
  }

  static long readlinkat(Task task, int directory, long pathAddress, long buffer, int size) {
    if (size <= 0) {
      return -Errno.EINVAL;
    }
    String path = Arguments.path(task, pathAddress);
    Caller caller = Caller.of(task);
    Location link =
        path.isEmpty()
            ? Arguments.place(task, directory)
            : PathWalk.find(caller, Arguments.start(task, directory, path), path, false);
    boolean notALink = link == null || directory == AT_FDCWD || !link.inode().isSymbolicLink();
    if (path.isEmpty() && notALink) {
      return -Errno.ENOENT;
    }
    byte[] target = link.inode().readLink(caller).getBytes(StandardCharsets.ISO_8859_1);
    int count = Math.min(size, target.length);
    task.memory().write(buffer, target, 0, count);
    return count;
  }

  static long statfs(Task task, long path, long result) {
    Location location = Arguments.locate(task, AT_FDCWD, path, 0, true);
    return writeStatfs(task, location, result);
  }

  static long fstatfs(Task task, int descriptor, long result) {
    FileDescription file = task.files().getAny(descriptor);
    try {
      return writeStatfs(task, file.location(), result);
    } finally {
      file.release();
    }
  }

  private static long writeStatfs(Task task, Location location, long result) {
    FileSystemStatus status;
    boolean readOnly = false;
    long device = 0;
    if (location == null) {
      status = FileSystemStatus.empty(FileSystemStatus.ANON_INODE_FS_MAGIC);
    } else {
      Mount mount = location.mount();
      status = mount.fileSystem().status();
      readOnly = mount.readOnly();
      device = mount.fileSystem().device();
    }
    StatStructures.writeStatfs(task.memory(), result, status, device, readOnly);
    return 0;
  }
}
