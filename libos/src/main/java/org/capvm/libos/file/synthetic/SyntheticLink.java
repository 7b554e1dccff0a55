package org.capvm.libos.file.synthetic;

import java.util.function.Function;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;

/** A symbolic link of a synthetic file system; its target may depend on who asks. */
public class SyntheticLink extends Inode {
  private final SyntheticFileSystem fileSystem;
  private final long number;
  private final Function<Caller, String> target;

  /** A link. */
  public SyntheticLink(
      SyntheticFileSystem fileSystem, long number, Function<Caller, String> target) {
    this.fileSystem = fileSystem;
    this.number = number;
    this.target = target;
  }

  @Override
  public final FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public final int type() {
    return FileMode.S_IFLNK;
  }

  @Override
  public FileStatus status() {
    return fileSystem.statusOf(number, FileMode.S_IFLNK | 0777, 1, 0, 0, 0);
  }

  @Override
  public final String readLink(Caller caller) {
    return target.apply(caller);
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    throw ErrnoException.of(Errno.ELOOP);
  }
}
