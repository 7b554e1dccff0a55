package org.capvm.libos.file;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/** What {@code O_PATH} opens: a place in the tree, good for {@code *at} calls and nothing else. */
public final class PathDescription extends FileDescription {
  /** A place. */
  public PathDescription(Location location, int flags) {
    super(location, flags);
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    throw ErrnoException.of(Errno.EBADF);
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    throw ErrnoException.of(Errno.EBADF);
  }

  @Override
  protected void close() {}
}
