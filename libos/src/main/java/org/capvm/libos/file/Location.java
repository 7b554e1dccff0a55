package org.capvm.libos.file;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * A place in the tree: an inode, the mount it was reached through, and, for what is not a
 * directory, the directory and name it was found under. Directories know their own parent and name,
 * so a location of one stays right when it is renamed. Immutable.
 *
 * @param parent the directory it was found in; null for directories and for files without a name
 * @param name its name there
 */
public record Location(Mount mount, Inode inode, Directory parent, String name) {
  /** A directory, or the root of a mount. */
  public static Location of(Mount mount, Inode inode) {
    return new Location(mount, inode, null, null);
  }

  /** What a name in a directory leads to. */
  static Location in(Location directory, String name, Inode inode) {
    return inode.isDirectory()
        ? of(directory.mount, inode)
        : new Location(directory.mount, inode, directory.inode.directory(), name);
  }

  /** The directory here, or ENOTDIR. */
  public Directory directory() {
    return inode.directory();
  }

  /** Whether two locations are the same place. */
  public boolean isSame(Location other) {
    return inode == other.inode && mount == other.mount;
  }

  /** Refuses changes below a read-only mount with EROFS. */
  public void requireWritable() {
    if (mount.readOnly()) {
      throw ErrnoException.of(Errno.EROFS);
    }
  }

  /** Where {@code ..} leads from this directory, for a process with the given root. */
  Location parentFor(Location root) {
    Location current = this;
    while (true) {
      if (current.isSame(root)) {
        return current;
      }
      if (current.inode != current.mount.fileSystem().root()) {
        return of(current.mount, current.inode.directory().parent());
      }
      if (current.mount.point() == null) {
        return current;
      }
      current = current.mount.point();
    }
  }

  /**
   * The absolute path of this place as a process with the given root sees it, with {@code
   * (deleted)} behind it if the name is gone, and {@code (unreachable)} before it if it is outside
   * the root.
   */
  public String path(Location root) {
    StringBuilder reversed = new StringBuilder();
    boolean deleted = false;
    boolean reachable = true;
    Location current = this;
    while (!current.isSame(root)) {
      if (current.inode == current.mount.fileSystem().root()) {
        if (current.mount.point() == null) {
          reachable = false;
          break;
        }
        current = current.mount.point();
        continue;
      }
      Directory parent;
      String name;
      if (current.inode instanceof Directory directory) {
        parent = directory.parent();
        name = directory.name();
        deleted |= directory.isRemoved();
      } else {
        parent = current.parent;
        name = current.name;
        deleted |= !parent.holds(name, current.inode);
      }
      prepend(reversed, name);
      current = of(current.mount, parent);
    }
    String path = reversed.isEmpty() ? "/" : reversed.reverse().toString();
    return (reachable ? "" : "(unreachable)") + path + (deleted ? " (deleted)" : "");
  }

  private static void prepend(StringBuilder reversed, String name) {
    for (int i = name.length() - 1; i >= 0; i--) {
      reversed.append(name.charAt(i));
    }
    reversed.append('/');
  }
}
