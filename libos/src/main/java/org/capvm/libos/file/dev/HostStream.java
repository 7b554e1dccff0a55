package org.capvm.libos.file.dev;

import static org.capvm.libos.abi.Whence.SEEK_CUR;
import static org.capvm.libos.abi.Whence.SEEK_END;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.content.FileSizeLimit;
import org.capvm.libos.file.host.HostStatus;
import org.capvm.libos.host.HostFilecalls;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.Task;

/**
 * A descriptor that the host gave the cVM as it is: standard input, output and error, which may be
 * a terminal, a pipe or a file. Waits are waits for readiness that a signal can end; the host's own
 * blocking is left alone, because the host's processes share the open file.
 *
 * <p>Does not own the host descriptor. Threads: any.
 */
public final class HostStream extends FileDescription {
  /** What a pipe that polls writable is sure to take without blocking. */
  private static final int SAFE_PIPE_WRITE = 4096;

  private final int hostDescriptor;
  private final Terminal terminal;
  private final int hostType;

  /**
   * A standard stream.
   *
   * @param terminal what the cVM's terminal keeps, or null if the descriptor is none
   * @param location of {@code /dev/tty} and the like, or null
   */
  public HostStream(int hostDescriptor, Terminal terminal, Location location, int flags) {
    super(location, flags);
    this.hostDescriptor = hostDescriptor;
    this.terminal = terminal;
    HostStatus status = new HostStatus();
    hostType = HostPathcalls.status(hostDescriptor, status) == 0 ? status.type() : 0;
  }

  /** The access mode and status flags that the host descriptor has, as open flags. */
  public static int flagsOf(int hostDescriptor) {
    long flags = Hostcalls.fcntl(hostDescriptor, OpenFlags.F_GETFL, 0);
    return flags < 0
        ? OpenFlags.O_RDWR
        : (int) flags & (OpenFlags.O_ACCMODE | OpenFlags.O_APPEND | OpenFlags.O_LARGEFILE);
  }

  private boolean mayWait() {
    return hostType != FileMode.S_IFREG;
  }

  @Override
  public FileStatus status() {
    if (location() != null) {
      return super.status();
    }
    HostStatus status = new HostStatus();
    ErrnoException.check(HostPathcalls.status(hostDescriptor, status));
    return status.status(status.hostDevice());
  }

  @Override
  public String describe(Location root) {
    if (location() != null) {
      return super.describe(root);
    }
    return switch (hostType) {
      case FileMode.S_IFCHR -> terminal == null ? "/dev/null" : "/dev/console";
      case FileMode.S_IFIFO -> "pipe:[" + status().inode() + "]";
      case FileMode.S_IFSOCK -> "socket:[" + status().inode() + "]";
      default -> "/dev/fd/" + hostDescriptor;
    };
  }

  private void await(Task task, int events) {
    if (!mayWait()) {
      return;
    }
    if (isNonBlocking()) {
      if (task.awaitHost(hostDescriptor, events, System.nanoTime()) == 0) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      return;
    }
    int ready;
    do {
      ready = task.awaitHost(hostDescriptor, events, Task.NEVER);
    } while (ready == 0);
  }

  @Override
  public boolean isPositional() {
    return true;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    if (buffer.length() == 0) {
      return 0;
    }
    await(task, PollEvents.POLLIN);
    if (buffer.isOnePiece()) {
      long address = buffer.hostAddress();
      return restartable(
          buffer.storing(() -> Hostcalls.read(hostDescriptor, address, buffer.length())));
    }
    int pieces = buffer.writeVector();
    long vector = HostScratch.get().address();
    return restartable(buffer.storing(() -> Hostcalls.readv(hostDescriptor, vector, pieces)));
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    if (hostType != FileMode.S_IFIFO || buffer.length() <= SAFE_PIPE_WRITE) {
      await(task, PollEvents.POLLOUT);
      return writeNow(task, buffer);
    }
    long done = 0;
    while (done < buffer.length()) {
      long result;
      try {
        await(task, PollEvents.POLLOUT);
        result =
            writeNow(task, buffer.slice(done, Math.min(SAFE_PIPE_WRITE, buffer.length() - done)));
      } catch (ErrnoException interrupted) {
        result = -interrupted.errno();
      }
      if (result < 0) {
        return done > 0 ? done : result;
      }
      done += result;
    }
    return done;
  }

  private long writeNow(Task task, IoBuffer whole) {
    IoBuffer buffer = whole;
    if (hostType == FileMode.S_IFREG && whole.length() > 0 && FileSizeLimit.isSet(task)) {
      long at = seek(task, 0, has(OpenFlags.O_APPEND) ? SEEK_END : SEEK_CUR);
      buffer = whole.slice(0, FileSizeLimit.admit(task, at, whole.length()));
    }
    long result;
    if (buffer.isOnePiece()) {
      result = Hostcalls.write(hostDescriptor, buffer.hostAddress(), buffer.length());
    } else {
      int pieces = buffer.writeVector();
      result = Hostcalls.writev(hostDescriptor, HostScratch.get().address(), pieces);
    }
    if (result == -Errno.EPIPE) {
      task.process().signal(Signal.SIGPIPE);
    }
    return restartable(result);
  }

  /** A host call that a kick ended is made again unless the guest has a handler to run. */
  private static long restartable(long result) {
    return result == -Errno.EINTR ? -Errno.ERESTARTSYS : result;
  }

  @Override
  public long readAt(Task task, IoBuffer buffer, long position) {
    int pieces = buffer.writeVector();
    return HostFilecalls.preadv(hostDescriptor, HostScratch.get().address(), pieces, position, 0);
  }

  @Override
  public long writeAt(Task task, IoBuffer buffer, long position) {
    int pieces = buffer.writeVector();
    return HostFilecalls.pwritev(hostDescriptor, HostScratch.get().address(), pieces, position, 0);
  }

  @Override
  public long seek(Task task, long offset, int whence) {
    return Hostcalls.lseek(hostDescriptor, offset, whence);
  }

  @Override
  public void truncate(long size) {
    ErrnoException.check(Hostcalls.ftruncate(hostDescriptor, size));
  }

  @Override
  public void sync(boolean dataOnly) {
    ErrnoException.check(Hostcalls.fsync(hostDescriptor));
  }

  @Override
  public long control(Task task, int request, long argument) {
    if (request == IoctlCodes.FIONREAD) {
      IoBuffer answer = IoBuffer.guest(task.memory(), argument, Integer.BYTES);
      return answer.storing(() -> Hostcalls.ioctl(hostDescriptor, request, answer.hostAddress()));
    }
    if (terminal == null) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
    return terminal.control(task, hostDescriptor, request, argument);
  }

  @Override
  public boolean isHostPolled() {
    return mayWait();
  }

  @Override
  public int hostDescriptor() {
    return hostDescriptor;
  }

  @Override
  protected void close() {}
}
