package org.capvm.libos.file;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;

/**
 * A directory. Names are one byte per character, without slashes, never {@code .} or {@code ..}.
 *
 * <p>The file system may refuse any change; what is refused unless overridden is refused with
 * EPERM, as on {@code /proc}.
 */
public abstract class Directory extends Inode {
  /** The longest name, in bytes. */
  public static final int NAME_MAX = 255;

  /**
   * One name in a directory.
   *
   * @param type one of the {@code S_IF} constants
   */
  public record Entry(String name, long inode, int type) {}

  /** What a new file starts with. */
  public record Attributes(int mode, int uid, int gid) {}

  @Override
  public final int type() {
    return FileMode.S_IFDIR;
  }

  @Override
  public final Directory directory() {
    return this;
  }

  /**
   * The file of a name.
   *
   * @return null if there is none
   */
  public abstract Inode lookup(Caller caller, String name);

  /**
   * The directory this is in, or was in before it was removed; this itself for the root of its file
   * system.
   */
  public abstract Directory parent();

  /** Whether this has no name any more. */
  public boolean isRemoved() {
    return false;
  }

  /** This directory's name in {@link #parent()}; of no meaning for a root. */
  public abstract String name();

  /** Whether a name still leads to a file, for {@code /proc/self/fd}'s " (deleted)". */
  public boolean holds(String name, Inode file) {
    return lookup(null, name) == file;
  }

  /** All names, without {@code .} and {@code ..}. */
  public abstract List<Entry> list(Caller caller);

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    return new DirectoryDescription(location, flags);
  }

  /** Makes an empty regular file; EEXIST if the name is taken. */
  public Inode createFile(String name, Attributes attributes) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Makes a regular file without a name, for {@code O_TMPFILE}. */
  public Inode createUnnamed(Attributes attributes) {
    throw ErrnoException.of(Errno.EOPNOTSUPP);
  }

  /** Makes a directory. */
  public Directory createDirectory(String name, Attributes attributes) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Makes a symbolic link. */
  public Inode createSymbolicLink(String name, String target, Attributes attributes) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Makes a FIFO or a socket's name; the type is in the mode. */
  public Inode createNode(String name, Attributes attributes) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Gives a file of the same file system one more name. */
  public void link(String name, Inode file) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Removes the name of something that is not a directory. */
  public void unlink(String name) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Removes an empty directory. */
  public void removeDirectory(String name) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /**
   * Moves a name of this directory.
   *
   * @param target a directory of the same file system
   * @param flags {@code RENAME_} flags
   */
  public void rename(String name, Directory target, String newName, int flags) {
    throw ErrnoException.of(Errno.EPERM);
  }
}
