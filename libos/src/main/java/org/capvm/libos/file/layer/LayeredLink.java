package org.capvm.libos.file.layer;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Location;

/** A symbolic link. Immutable but for its attributes. */
final class LayeredLink extends LayeredNode {
  private final String target;

  LayeredLink(LayeredFileSystem fileSystem, NodeState state, String target) {
    super(fileSystem, state);
    this.target = target;
  }

  @Override
  public int type() {
    return FileMode.S_IFLNK;
  }

  @Override
  public FileStatus status() {
    return state.status(fileSystem.device(), target.length(), 0);
  }

  @Override
  public String readLink(Caller caller) {
    return target;
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    throw ErrnoException.of(Errno.ELOOP);
  }

  @Override
  public void changeMode(int permissions) {
    throw ErrnoException.of(Errno.EOPNOTSUPP);
  }
}
