package org.capvm.libos.file.layer;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.pipe.Fifo;

/**
 * The name of a FIFO or of a socket. What a name of a host's device or socket stands for cannot be
 * opened.
 */
final class LayeredSpecial extends LayeredNode {
  private final int type;
  private final Fifo fifo;

  LayeredSpecial(LayeredFileSystem fileSystem, NodeState state) {
    super(fileSystem, state);
    type = state.mode() & FileMode.S_IFMT;
    fifo = type == FileMode.S_IFIFO ? new Fifo() : null;
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
    if (fifo == null) {
      throw ErrnoException.of(Errno.ENXIO);
    }
    return fifo.open(caller.task(), location, flags);
  }
}
