package org.capvm.libos.file.pipe;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Location;
import org.capvm.libos.process.Task;

/** A FIFO's inode: the pipe that everybody who opens the name shares. Threads: any. */
public final class Fifo {
  private Pipe pipe;

  /**
   * Opens the FIFO; for one direction only, waits until somebody has it open for the other.
   *
   * @throws ErrnoException ENXIO for writing without waiting when nobody reads
   */
  public FileDescription open(Task task, Location location, int flags) {
    int mode = flags & OpenFlags.O_ACCMODE;
    Pipe pipe = pipe(task);
    boolean nonBlocking = (flags & OpenFlags.O_NONBLOCK) != 0;
    if (mode == OpenFlags.O_WRONLY && nonBlocking && !pipe.hasReaders()) {
      throw ErrnoException.of(Errno.ENXIO);
    }
    long readersBefore = pipe.readersEver();
    long writersBefore = pipe.writersEver();
    PipeEnd end = new PipeEnd(pipe, location, null, flags);
    try {
      if (mode == OpenFlags.O_RDONLY && !nonBlocking) {
        pipe.readable()
            .await(
                task, () -> pipe.hasWriters() || pipe.writersEver() != writersBefore, Task.NEVER);
      } else if (mode == OpenFlags.O_WRONLY) {
        pipe.writable()
            .await(
                task, () -> pipe.hasReaders() || pipe.readersEver() != readersBefore, Task.NEVER);
      }
      return end;
    } catch (ErrnoException interrupted) {
      end.release();
      throw interrupted;
    }
  }

  /** Whoever opens it first is of the cVM that the file system belongs to. */
  private synchronized Pipe pipe(Task task) {
    if (pipe == null) {
      pipe = new Pipe(task.libraryOs().memoryLimit());
    }
    return pipe;
  }
}
