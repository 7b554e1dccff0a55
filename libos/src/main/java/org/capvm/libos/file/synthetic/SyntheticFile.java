package org.capvm.libos.file.synthetic;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;

/** A regular file whose content is made up when it is read. */
public class SyntheticFile extends Inode {
  /** Makes a file's content. */
  @FunctionalInterface
  public interface Content {
    /** The content now, as its opener may see it. */
    byte[] make(Caller caller);
  }

  private final SyntheticFileSystem fileSystem;
  private final long number;
  private final int permissions;
  private final Content content;

  /** A file. */
  public SyntheticFile(
      SyntheticFileSystem fileSystem, long number, int permissions, Content content) {
    this.fileSystem = fileSystem;
    this.number = number;
    this.permissions = permissions;
    this.content = content;
  }

  @Override
  public final FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public final int type() {
    return FileMode.S_IFREG;
  }

  @Override
  public FileStatus status() {
    return fileSystem.statusOf(number, FileMode.S_IFREG | permissions, 1, uid(), gid(), 0);
  }

  /** The user it belongs to: the superuser unless overridden. */
  protected int uid() {
    return 0;
  }

  /** The group it belongs to: the superuser's unless overridden. */
  protected int gid() {
    return 0;
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    return new SyntheticDescription(
        caller, location, flags, content, bytes -> written(caller, bytes));
  }

  /**
   * Takes what a guest wrote in one call; refused unless overridden.
   *
   * @param writer who opened the file
   * @return how many of the bytes were taken
   */
  protected int written(Caller writer, byte[] bytes) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  @Override
  public void truncate(long size) {
    // A shell's redirection truncates before it writes; there is nothing to cut off.
  }
}
