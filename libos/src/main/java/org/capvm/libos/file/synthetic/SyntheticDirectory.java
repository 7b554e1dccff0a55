package org.capvm.libos.file.synthetic;

import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;

/** A directory of a synthetic file system; subclasses say what is in it. */
public abstract class SyntheticDirectory extends Directory {
  private final SyntheticFileSystem fileSystem;
  private final Directory parent;
  private final String name;
  private final long number;
  private final int permissions;

  /** A directory; a null parent makes it the root. */
  protected SyntheticDirectory(
      SyntheticFileSystem fileSystem, Directory parent, String name, long number, int permissions) {
    this.fileSystem = fileSystem;
    this.parent = parent == null ? this : parent;
    this.name = name;
    this.number = number;
    this.permissions = permissions;
  }

  /** The file system as what it is. */
  protected final SyntheticFileSystem synthetic() {
    return fileSystem;
  }

  @Override
  public final FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public final Directory parent() {
    return parent;
  }

  @Override
  public final String name() {
    return name;
  }

  /** The directory's own number. */
  protected final long number() {
    return number;
  }

  @Override
  public FileStatus status() {
    return fileSystem.statusOf(number, FileMode.S_IFDIR | permissions, 2, 0, 0, 0);
  }
}
