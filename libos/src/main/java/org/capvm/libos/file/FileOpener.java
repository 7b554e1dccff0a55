package org.capvm.libos.file;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.watch.WatchEvents;

/** Opens a path with the rules and the order of checks of Linux's {@code open}. */
public final class FileOpener {
  private static final int TMPFILE_BIT = OpenFlags.O_TMPFILE & ~OpenFlags.O_DIRECTORY;
  private static final int PATH_FLAGS =
      OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC;

  private final Caller caller;
  private final Location start;
  private final String path;
  private final int flags;
  private final int mode;
  private final int resolve;

  private FileOpener(Caller caller, Location start, String path, int flags, int mode, int resolve) {
    this.caller = caller;
    this.start = start;
    this.path = path;
    this.flags = flags;
    this.mode = mode;
    this.resolve = resolve;
  }

  /**
   * Opens a path.
   *
   * @param start where a relative path starts
   * @param flags {@code O_} flags; {@code O_LARGEFILE} is added, as 64-bit Linux does
   * @param mode permission bits of a file to create, before the umask
   * @param resolve {@code RESOLVE_} flags of openat2
   * @return an open file; the reference is the caller's
   */
  public static FileDescription open(
      Caller caller, Location start, String path, int flags, int mode, int resolve) {
    int effective =
        (flags & OpenFlags.O_PATH) != 0 ? flags & PATH_FLAGS : flags | OpenFlags.O_LARGEFILE;
    return new FileOpener(caller, start, path, effective, mode, resolve).run();
  }

  private boolean has(int flag) {
    return (flags & flag) != 0;
  }

  private boolean wantsWrite() {
    return (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY;
  }

  private FileDescription run() {
    FileDescription opened = open();
    if (!has(OpenFlags.O_PATH)) {
      opened.happened(WatchEvents.IN_OPEN);
    }
    return opened;
  }

  private FileDescription open() {
    if (has(TMPFILE_BIT)) {
      return openUnnamed();
    }
    boolean follow =
        !has(OpenFlags.O_NOFOLLOW) && !(has(OpenFlags.O_CREAT) && has(OpenFlags.O_EXCL));
    PathWalk.End end = PathWalk.walk(caller, start, path, follow, resolve);
    if (has(OpenFlags.O_CREAT)) {
      if (has(OpenFlags.O_DIRECTORY)) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      if (end.last() != PathWalk.Last.NAME || end.trailingSlash()) {
        throw ErrnoException.of(Errno.EISDIR);
      }
      if (end.found() == null) {
        return create(end);
      }
      if (has(OpenFlags.O_EXCL)) {
        throw ErrnoException.of(Errno.EEXIST);
      }
      if (end.found().inode().isDirectory()) {
        throw ErrnoException.of(Errno.EISDIR);
      }
    }
    return openExisting(end);
  }

  private FileDescription create(PathWalk.End end) {
    Location directory = end.directory();
    directory.requireWritable();
    Access.require(directory.inode(), caller.credentials(), Access.WRITE | Access.EXECUTE);
    try {
      Inode made =
          directory
              .directory()
              .createFile(end.name(), attributesIn(directory.inode(), FileMode.S_IFREG));
      directory.mount().watches().named(directory.directory(), end.name(), WatchEvents.IN_CREATE);
      return made.open(caller, Location.in(directory, end.name(), made), flags);
    } catch (ErrnoException raced) {
      if (raced.errno() != Errno.EEXIST || has(OpenFlags.O_EXCL)) {
        throw raced;
      }
      return openExisting(PathWalk.walk(caller, start, path, true, 0));
    }
  }

  private Directory.Attributes attributesIn(Inode directory, int type) {
    return NewFile.attributes(caller, directory, type | (mode & 07777));
  }

  private FileDescription openUnnamed() {
    if (!has(OpenFlags.O_DIRECTORY) || !wantsWrite()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    Location directory = PathWalk.walk(caller, start, path, true, resolve).existing();
    Directory parent = directory.directory();
    directory.requireWritable();
    Access.require(parent, caller.credentials(), Access.WRITE | Access.EXECUTE);
    Inode made = parent.createUnnamed(attributesIn(parent, FileMode.S_IFREG));
    Location location = new Location(directory.mount(), made, parent, "#" + made.status().inode());
    return made.open(caller, location, flags & ~OpenFlags.O_TMPFILE);
  }

  private FileDescription openExisting(PathWalk.End end) {
    Location location = end.existing();
    Inode inode = location.inode();
    if (has(OpenFlags.O_DIRECTORY) && !inode.isDirectory()) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    if (has(OpenFlags.O_PATH)) {
      return new PathDescription(location, flags);
    }
    if (inode.isSymbolicLink()) {
      throw ErrnoException.of(Errno.ELOOP);
    }
    boolean changes = wantsWrite() || has(OpenFlags.O_TRUNC);
    if (inode.isDirectory() && changes) {
      throw ErrnoException.of(Errno.EISDIR);
    }
    Access.require(end, caller.credentials(), wantedAccess());
    if (inode.isDirectory() && has(OpenFlags.O_DIRECT)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (changes && inode.isRegular()) {
      location.requireWritable();
    }
    if (has(OpenFlags.O_TRUNC) && inode.isRegular()) {
      inode.truncate(0);
      location.mount().watches().happened(location, WatchEvents.IN_MODIFY);
    }
    return inode.open(caller, location, flags);
  }

  private int wantedAccess() {
    int access =
        switch (flags & OpenFlags.O_ACCMODE) {
          case OpenFlags.O_RDONLY -> Access.READ;
          case OpenFlags.O_WRONLY -> Access.WRITE;
          default -> Access.READ | Access.WRITE;
        };
    return has(OpenFlags.O_TRUNC) ? access | Access.WRITE : access;
  }
}
