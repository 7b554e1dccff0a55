package org.capvm.libos.file.proc;

import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.Mount;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.file.watch.Watches;

/**
 * What {@code /proc/self/fd/N} leads to for an open file without a name, such as a pipe or the
 * terminal on standard input. Opening it gives the same open file again; Linux would give a second
 * one with flags of its own.
 */
final class OpenFileNode extends Inode {
  private final SyntheticFileSystem fileSystem;
  private final FileDescription file;

  private OpenFileNode(SyntheticFileSystem fileSystem, FileDescription file) {
    this.fileSystem = fileSystem;
    this.file = file;
  }

  static Location locationOf(SyntheticFileSystem fileSystem, FileDescription file) {
    Mount detached = new Mount(0, fileSystem, null, "none", false, new Watches());
    return new Location(detached, new OpenFileNode(fileSystem, file), fileSystem.root(), "fd");
  }

  @Override
  public FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public int type() {
    return file.status().type();
  }

  @Override
  public FileStatus status() {
    return file.status();
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    file.retain();
    return file;
  }
}
