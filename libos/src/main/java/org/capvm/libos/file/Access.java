package org.capvm.libos.file;

import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.process.Credentials;

/**
 * Linux's discretionary access rules. The superuser of the cVM passes all but one: executing needs
 * some x bit.
 */
public final class Access {
  /** Permission to execute a file or search a directory. */
  public static final int EXECUTE = 1;

  /** Permission to write. */
  public static final int WRITE = 2;

  /** Permission to read. */
  public static final int READ = 4;

  private static final int ANY_EXECUTE = 0111;

  private Access() {}

  /** Refuses with EACCES unless all the wanted permissions are given. */
  public static void require(Inode inode, Credentials credentials, int wanted) {
    require(inode, inode::permissions, credentials, wanted);
  }

  /** The same for what a walk has just found. */
  static void require(PathWalk.End end, Credentials credentials, int wanted) {
    require(end.existing().inode(), end::permissions, credentials, wanted);
  }

  private static void require(
      Inode inode, Supplier<FileStatus> permissions, Credentials credentials, int wanted) {
    if (wanted == 0 || (credentials.fsuid() == 0 && (wanted & EXECUTE) == 0)) {
      return;
    }
    if (credentials.fsuid() == 0 && inode.isDirectory()) {
      return;
    }
    if (!allows(permissions.get(), credentials, wanted)) {
      throw ErrnoException.of(Errno.EACCES);
    }
  }

  /** Whether a file of this status gives all the wanted permissions. */
  public static boolean allows(FileStatus status, Credentials credentials, int wanted) {
    int mode = status.mode();
    if (credentials.fsuid() == 0) {
      return (wanted & EXECUTE) == 0
          || status.type() == FileMode.S_IFDIR
          || (mode & ANY_EXECUTE) != 0;
    }
    int granted;
    if (credentials.fsuid() == status.uid()) {
      granted = mode >> 6;
    } else if (credentials.inGroup(status.gid())) {
      granted = mode >> 3;
    } else {
      granted = mode;
    }
    return (granted & wanted) == wanted;
  }

  /** Refuses with EPERM unless the caller owns the file or is the superuser. */
  public static void requireOwner(Inode inode, Credentials credentials) {
    requireOwner(inode.status().uid(), credentials);
  }

  /** Refuses all but the owner and user 0. */
  public static void requireOwner(int owner, Credentials credentials) {
    if (credentials.fsuid() != 0 && credentials.fsuid() != owner) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  /** Refuses to remove or move a name that a sticky directory protects. */
  public static void requireRemovable(Directory parent, Inode file, Credentials credentials) {
    require(parent, credentials, WRITE | EXECUTE);
    if (credentials.fsuid() == 0) {
      return;
    }
    FileStatus directory = parent.status();
    if ((directory.mode() & FileMode.S_ISVTX) != 0
        && credentials.fsuid() != file.status().uid()
        && credentials.fsuid() != directory.uid()) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }
}
