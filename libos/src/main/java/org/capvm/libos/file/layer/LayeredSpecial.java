package org.capvm.libos.file.layer;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Location;

/** The name of a FIFO or of a socket, which cannot be opened as a file. */
final class LayeredSpecial extends LayeredNode {
  private final int type;

  LayeredSpecial(LayeredFileSystem fileSystem, NodeState state) {
    super(fileSystem, state);
    type = state.mode() & FileMode.S_IFMT;
  }

  @Override
  public int type() {
    return type;
  }

  @Override
  public FileStatus status() {
    return state.status(fileSystem.device(), 0, 0);
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    throw ErrnoException.of(Errno.ENXIO);
  }
}
