package org.capvm.libos.file.calls;

import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.process.Task;

/** Turns the arguments of file calls into what the VFS works with. */
final class Arguments {
  private Arguments() {}

  /** The path at a guest address, one byte per character; ENAMETOOLONG from PATH_MAX on. */
  static String path(Task task, long guestAddress) {
    byte[] bytes = task.memory().readCString(guestAddress, PathWalk.PATH_MAX);
    if (bytes == null) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /**
   * A name at a guest address, such as that of an attribute; an errno if it is longer than allowed.
   */
  static String name(Task task, long guestAddress, int maxBytes, int errno) {
    byte[] bytes = task.memory().readCString(guestAddress, maxBytes + 1);
    if (bytes == null) {
      throw ErrnoException.of(errno);
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /**
   * Where a path given with a directory descriptor starts; the descriptor matters only if it is
   * relative. An empty path is ENOENT, before the descriptor is looked at.
   */
  static Location start(Task task, int directory, String path) {
    if (path.isEmpty()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (path.startsWith("/")) {
      return task.fileSystem().workingDirectory();
    }
    Location location = place(task, directory);
    if (location == null || !location.inode().isDirectory()) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    return location;
  }

  /** Where the file behind a descriptor, or {@code AT_FDCWD}, was opened; null for a pipe, say. */
  static Location place(Task task, int descriptor) {
    if (descriptor == OpenFlags.AT_FDCWD) {
      return task.fileSystem().workingDirectory();
    }
    FileDescription file = task.files().getAny(descriptor);
    try {
      return file.location();
    } finally {
      file.release();
    }
  }

  /**
   * The existing place that a directory descriptor, a path and {@code AT_} flags name.
   *
   * @param followDefault whether links are followed unless a flag says otherwise
   */
  static Location locate(
      Task task, int directory, long pathAddress, int flags, boolean followDefault) {
    String path = path(task, pathAddress);
    if (path.isEmpty() && (flags & OpenFlags.AT_EMPTY_PATH) != 0) {
      Location named = place(task, directory);
      if (named == null) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
      }
      return named;
    }
    boolean follow =
        followDefault
            ? (flags & OpenFlags.AT_SYMLINK_NOFOLLOW) == 0
            : (flags & OpenFlags.AT_SYMLINK_FOLLOW) != 0;
    return PathWalk.find(Caller.of(task), start(task, directory, path), path, follow);
  }

  /** Where a new or removed name lies. */
  static PathWalk.End parent(Task task, int directory, long pathAddress) {
    return parent(task, directory, pathAddress, 0);
  }

  /** The same with flags of {@link PathWalk}. */
  static PathWalk.End parent(Task task, int directory, long pathAddress, int resolve) {
    String path = path(task, pathAddress);
    return PathWalk.walk(Caller.of(task), start(task, directory, path), path, false, resolve);
  }

  /** Puts a new open file at the lowest free descriptor. */
  static int install(Task task, FileDescription file, int flags) {
    return task.install(file, (flags & OpenFlags.O_CLOEXEC) != 0);
  }

  /** One more than the highest descriptor allowed. */
  static long descriptorLimit(Task task) {
    long limit = task.limits().soft(Resource.RLIMIT_NOFILE);
    return limit < 0 ? Long.MAX_VALUE : limit;
  }
}
