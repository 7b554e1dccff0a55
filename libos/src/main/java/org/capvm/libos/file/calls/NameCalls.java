package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.AT_EMPTY_PATH;
import static org.capvm.libos.abi.OpenFlags.AT_FDCWD;
import static org.capvm.libos.abi.OpenFlags.AT_REMOVEDIR;
import static org.capvm.libos.abi.OpenFlags.AT_SYMLINK_FOLLOW;
import static org.capvm.libos.file.watch.WatchEvents.IN_ATTRIB;
import static org.capvm.libos.file.watch.WatchEvents.IN_CREATE;
import static org.capvm.libos.file.watch.WatchEvents.IN_ISDIR;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.NewFile;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.file.watch.Watches;
import org.capvm.libos.process.Task;

/** Making, removing and moving names. */
final class NameCalls {
  private static final int RENAME_NOREPLACE = 1;
  private static final int RENAME_EXCHANGE = 2;

  private NameCalls() {}

  private static Watches watches(Task task) {
    return task.fileSystem().mounts().watches();
  }

  // ---- making

  /** Checks, in Linux's order, that a new name may be made; returns its directory. */
  private static Directory prepare(Task task, PathWalk.End end, boolean directoryWanted) {
    end.requireName(Errno.EEXIST);
    if (end.found() != null) {
      throw ErrnoException.of(Errno.EEXIST);
    }
    if (end.trailingSlash() && !directoryWanted) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    end.directory().requireWritable();
    Directory directory = end.directory().directory();
    Access.require(directory, task.credentials(), Access.WRITE | Access.EXECUTE);
    return directory;
  }

  private static Directory.Attributes attributes(Task task, Directory directory, int mode) {
    return NewFile.attributes(Caller.of(task), directory, mode);
  }

  static long mkdir(Task task, long path, int mode) {
    return mkdirat(task, AT_FDCWD, path, mode);
  }

  static long mkdirat(Task task, int at, long path, int mode) {
    PathWalk.End end = Arguments.parent(task, at, path);
    Directory directory = prepare(task, end, true);
    int full = FileMode.S_IFDIR | (mode & 01777);
    directory.createDirectory(end.name(), attributes(task, directory, full));
    watches(task).named(directory, end.name(), IN_CREATE | IN_ISDIR);
    return 0;
  }

  static long mknod(Task task, long path, int mode) {
    return mknodat(task, AT_FDCWD, path, mode);
  }

  static long mknodat(Task task, int at, long path, int mode) {
    int type = (mode & FileMode.S_IFMT) == 0 ? FileMode.S_IFREG : mode & FileMode.S_IFMT;
    if (type == FileMode.S_IFDIR) {
      return -Errno.EPERM;
    }
    if (type == FileMode.S_IFCHR || type == FileMode.S_IFBLK) {
      return -Errno.EPERM;
    }
    if (type != FileMode.S_IFREG && type != FileMode.S_IFIFO && type != FileMode.S_IFSOCK) {
      return -Errno.EINVAL;
    }
    PathWalk.End end = Arguments.parent(task, at, path);
    Directory directory = prepare(task, end, false);
    Directory.Attributes attributes = attributes(task, directory, type | (mode & 07777));
    if (type == FileMode.S_IFREG) {
      directory.createFile(end.name(), attributes);
    } else {
      directory.createNode(end.name(), attributes);
    }
    watches(task).named(directory, end.name(), IN_CREATE);
    return 0;
  }

  static long symlink(Task task, long target, long path) {
    return symlinkat(task, target, AT_FDCWD, path);
  }

  static long symlinkat(Task task, long targetAddress, int at, long path) {
    String target = Arguments.path(task, targetAddress);
    if (target.isEmpty()) {
      return -Errno.ENOENT;
    }
    PathWalk.End end = Arguments.parent(task, at, path);
    Directory directory = prepare(task, end, false);
    Directory.Attributes attributes =
        new Directory.Attributes(
            FileMode.S_IFLNK | 0777, task.credentials().fsuid(), task.credentials().fsgid());
    directory.createSymbolicLink(end.name(), target, attributes);
    watches(task).named(directory, end.name(), IN_CREATE);
    return 0;
  }

  static long link(Task task, long oldPath, long newPath) {
    return linkat(task, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0);
  }

  static long linkat(Task task, int oldAt, long oldPath, int newAt, long newPath, int flags) {
    if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    Location source = Arguments.locate(task, oldAt, oldPath, flags, false);
    PathWalk.End end = Arguments.parent(task, newAt, newPath);
    end.requireName(Errno.EEXIST);
    if (end.found() != null) {
      return -Errno.EEXIST;
    }
    if (end.trailingSlash()) {
      return -Errno.ENOENT;
    }
    if (source.mount() != end.directory().mount()) {
      return -Errno.EXDEV;
    }
    Directory directory = prepare(task, end, false);
    if (source.inode().isDirectory()) {
      return -Errno.EPERM;
    }
    directory.link(end.name(), source.inode());
    watches(task).toItself(source.inode(), IN_ATTRIB);
    watches(task).named(directory, end.name(), IN_CREATE);
    return 0;
  }

  // ---- removing

  static long unlink(Task task, long path) {
    return unlinkat(task, AT_FDCWD, path, 0);
  }

  static long rmdir(Task task, long path) {
    return unlinkat(task, AT_FDCWD, path, AT_REMOVEDIR);
  }

  static long unlinkat(Task task, int at, long path, int flags) {
    if ((flags & ~AT_REMOVEDIR) != 0) {
      return -Errno.EINVAL;
    }
    PathWalk.End end = Arguments.parent(task, at, path);
    if ((flags & AT_REMOVEDIR) != 0) {
      return removeDirectory(task, end);
    }
    end.requireName(Errno.EISDIR);
    if (end.found() == null) {
      return -Errno.ENOENT;
    }
    Inode file = end.found().inode();
    if (end.trailingSlash()) {
      return file.isDirectory() ? -Errno.EISDIR : -Errno.ENOTDIR;
    }
    Directory directory = requireRemovable(task, end, file);
    if (file.isDirectory()) {
      return -Errno.EISDIR;
    }
    Watches.Removal removal = watches(task).removing(file);
    directory.unlink(end.name());
    watches(task).removed(removal, directory, end.name());
    return 0;
  }

  private static long removeDirectory(Task task, PathWalk.End end) {
    switch (end.last()) {
      case DOT -> {
        return -Errno.EINVAL;
      }
      case DOT_DOT -> {
        return -Errno.ENOTEMPTY;
      }
      case ROOT -> {
        return -Errno.EBUSY;
      }
      case NAME -> {}
    }
    if (end.found() == null) {
      return -Errno.ENOENT;
    }
    Inode file = end.found().inode();
    Directory directory = requireRemovable(task, end, file);
    if (!file.isDirectory()) {
      return -Errno.ENOTDIR;
    }
    Watches.Removal removal = watches(task).removing(file);
    directory.removeDirectory(end.name());
    watches(task).removed(removal, directory, end.name());
    return 0;
  }

  private static Directory requireRemovable(Task task, PathWalk.End end, Inode file) {
    end.directory().requireWritable();
    Directory directory = end.directory().directory();
    Access.requireRemovable(directory, file, task.credentials());
    if (end.found().mount() != end.directory().mount()) {
      throw ErrnoException.of(Errno.EBUSY);
    }
    return directory;
  }

  // ---- moving

  static long rename(Task task, long oldPath, long newPath) {
    return renameat2(task, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0);
  }

  private static void requireLength(PathWalk.End end) {
    if (end.name().length() > Directory.NAME_MAX) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
  }

  static long renameat2(Task task, int oldAt, long oldPath, int newAt, long newPath, int flags) {
    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0
        || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE)) {
      return -Errno.EINVAL;
    }
    PathWalk.End from = Arguments.parent(task, oldAt, oldPath, PathWalk.TAKE_LONG_LAST);
    PathWalk.End to = Arguments.parent(task, newAt, newPath, PathWalk.TAKE_LONG_LAST);
    if (from.directory().mount() != to.directory().mount()) {
      return -Errno.EXDEV;
    }
    from.requireName(Errno.EBUSY);
    to.requireName(flags == RENAME_NOREPLACE ? Errno.EEXIST : Errno.EBUSY);
    requireLength(from);
    if (from.found() == null) {
      return -Errno.ENOENT;
    }
    requireLength(to);
    if (to.found() == null && flags == RENAME_EXCHANGE) {
      return -Errno.ENOENT;
    }
    if (to.found() != null && flags == RENAME_NOREPLACE) {
      return -Errno.EEXIST;
    }
    Inode moved = from.found().inode();
    boolean exchanges = flags == RENAME_EXCHANGE;
    Inode slashed = exchanges ? to.found().inode() : moved;
    if ((from.trailingSlash() && !moved.isDirectory())
        || (to.trailingSlash() && !slashed.isDirectory())) {
      return -Errno.ENOTDIR;
    }
    requireRemovable(task, from, moved);
    Directory target = to.directory().directory();
    if (to.found() == null) {
      Access.require(target, task.credentials(), Access.WRITE | Access.EXECUTE);
    } else {
      requireRemovable(task, to, to.found().inode());
    }
    Inode replaced = to.found() == null ? null : to.found().inode();
    Directory source = from.directory().directory();
    Watches watches = watches(task);
    boolean removes = replaced != null && flags != RENAME_EXCHANGE;
    Watches.Removal removal = removes ? watches.removing(replaced) : null;
    source.rename(from.name(), target, to.name(), flags);
    if (moved.equals(replaced)) {
      // Two names of one file: nothing happens.
      return 0;
    }
    watches.moved(moved, source, from.name(), target, to.name(), removal);
    if (flags == RENAME_EXCHANGE) {
      watches.moved(replaced, target, to.name(), source, from.name(), null);
    }
    return 0;
  }
}
