package org.capvm.libos.file.pipe;

import java.util.concurrent.atomic.AtomicReference;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.AnonymousInodes;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;

/** An open end of a pipe, or of a FIFO, which may be both ends at once. Threads: any. */
public final class PipeEnd extends FileDescription {
  private final Pipe pipe;
  private final AtomicReference<FileStatus> anonymous;

  /**
   * An end; counts as a reader or writer until it is closed.
   *
   * @param location of a FIFO's name, or null
   * @param anonymous the status of a pipe without a name, shared by its ends
   */
  PipeEnd(Pipe pipe, Location location, AtomicReference<FileStatus> anonymous, int flags) {
    super(location, flags);
    this.pipe = pipe;
    this.anonymous = anonymous;
    if (isReadable()) {
      pipe.addReader();
    }
    if (isWritable()) {
      pipe.addWriter();
    }
  }

  /**
   * The two ends of a new pipe: the first reads, the second writes.
   *
   * @param payer is charged with the room for what waits in it
   */
  public static PipeEnd[] pair(int flags, MemoryLimit payer) {
    Pipe pipe = new Pipe(payer);
    AtomicReference<FileStatus> status =
        new AtomicReference<>(AnonymousInodes.status(FileMode.S_IFIFO | 0600));
    return new PipeEnd[] {
      new PipeEnd(pipe, null, status, flags | org.capvm.libos.abi.OpenFlags.O_RDONLY),
      new PipeEnd(pipe, null, status, flags | org.capvm.libos.abi.OpenFlags.O_WRONLY)
    };
  }

  /** The buffer between the ends. */
  public Pipe pipe() {
    return pipe;
  }

  @Override
  public FileStatus status() {
    return anonymous == null ? super.status() : anonymous.get();
  }

  @Override
  public boolean changeMode(int permissions) {
    if (anonymous == null) {
      return false;
    }
    anonymous.updateAndGet(status -> status.withPermissions(permissions));
    return true;
  }

  @Override
  public String describe(Location root) {
    return anonymous == null ? super.describe(root) : "pipe:[" + anonymous.get().inode() + "]";
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    return pipe.read(task, buffer, isNonBlocking());
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    return pipe.write(task, buffer, isNonBlocking());
  }

  @Override
  public long control(Task task, int request, long argument) {
    if (request != IoctlCodes.FIONREAD) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
    task.memory().putInt(argument, pipe.available());
    return 0;
  }

  @Override
  public int readiness() {
    return (isReadable() ? pipe.readEndEvents() : 0) | (isWritable() ? pipe.writeEndEvents() : 0);
  }

  @Override
  public WaitQueue waitQueue() {
    return isReadable() ? pipe.readable() : pipe.writable();
  }

  @Override
  protected void close() {
    if (isReadable()) {
      pipe.removeReader();
    }
    if (isWritable()) {
      pipe.removeWriter();
    }
  }
}
