package org.capvm.libos.file;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;

/**
 * One file of any type in one file system: the object behind names and open files.
 *
 * <p>A file system gives the same object for the same file as long as somebody holds it, for
 * directories and for everything a mount can stand on. Methods throw {@link ErrnoException}; the
 * ones that change something are reached only after the caller has checked permissions and that the
 * mount is writable. Threads: any.
 */
public abstract class Inode {
  private volatile boolean mountPoint;

  /** The file system this belongs to. */
  public abstract FileSystem fileSystem();

  /** The type alone, one of the {@code S_IF} constants; it never changes. */
  public abstract int type();

  /** What {@code stat} says now. */
  public abstract FileStatus status();

  /**
   * What says who may do what: a status of which type, mode, owner and group are those of now. May
   * cost less than {@link #status}.
   */
  public FileStatus permissions() {
    return status();
  }

  /**
   * {@link #status} for a caller who has just looked the file up by its name: of now or of that
   * moment, whichever costs less.
   */
  public FileStatus statusWhenFound() {
    return status();
  }

  /** {@link #permissions} for a caller who has just looked the file up by its name. */
  public FileStatus permissionsWhenFound() {
    return permissions();
  }

  /**
   * Opens this file; permissions have been checked.
   *
   * @param caller who opens it; null when the library OS reads it for itself
   * @param location where it was found
   * @param flags open flags; creation and truncation are done already
   */
  public abstract FileDescription open(Caller caller, Location location, int flags);

  /** Whether this is a directory. */
  public final boolean isDirectory() {
    return type() == FileMode.S_IFDIR;
  }

  /** Whether this is a regular file. */
  public final boolean isRegular() {
    return type() == FileMode.S_IFREG;
  }

  /** Whether this is a symbolic link. */
  public final boolean isSymbolicLink() {
    return type() == FileMode.S_IFLNK;
  }

  /** This as a directory, or ENOTDIR. */
  public Directory directory() {
    throw ErrnoException.of(Errno.ENOTDIR);
  }

  /**
   * The target of a symbolic link.
   *
   * @return one byte per character
   */
  public String readLink(Caller caller) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /**
   * Where a link of {@code /proc} leads without its text being walked, or null for an ordinary
   * symbolic link.
   */
  public Location magicTarget(Caller caller) {
    return null;
  }

  /** Sets permission, set-id and sticky bits. */
  public void changeMode(int permissions) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Sets owner and group; -1 leaves one as it is. */
  public void changeOwner(int uid, int gid) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Sets times; null leaves one as it is. */
  public void changeTimes(Timestamp access, Timestamp modification) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Sets the length of a regular file. */
  public void truncate(long size) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** The extended attributes, or null where the file system has none. */
  public ExtendedAttributes extendedAttributes() {
    return null;
  }

  /** Whether a mount stands on this. Kept by {@link MountTable}. */
  final boolean isMountPoint() {
    return mountPoint;
  }

  final void setMountPoint(boolean value) {
    mountPoint = value;
  }
}
