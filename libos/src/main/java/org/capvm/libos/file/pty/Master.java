package org.capvm.libos.file.pty;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.ProcessGroups;
import org.capvm.libos.process.Task;

/** An open {@code /dev/ptmx}: a terminal's screen and keyboard. Threads: any. */
final class Master extends FileDescription {
  /** The most one call moves at a time: more is never there to be read. */
  private static final int PIECE_BYTES = 16384;

  private final Pseudoterminal terminal;
  private final TerminalControls controls;
  private final SlaveNode slave;

  /** Kept for TIOCGEXCL alone: nobody opens a master a second time. */
  private volatile boolean exclusive;

  Master(Pseudoterminal terminal, SlaveNode slave, Location location, int flags) {
    super(location, flags);
    this.terminal = terminal;
    this.slave = slave;
    this.controls = new TerminalControls(terminal, this, true);
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    if (buffer.length() == 0) {
      return 0;
    }
    return Pieces.read(
        buffer, PIECE_BYTES, piece -> terminal.readOutput(task, piece, isNonBlocking()));
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    return Pieces.write(buffer, PIECE_BYTES, piece -> terminal.type(task, piece, isNonBlocking()));
  }

  @Override
  public long control(Task task, int request, long argument) {
    switch (request) {
      case IoctlCodes.TIOCGPTN -> task.memory().putInt(argument, terminal.number());
      case IoctlCodes.TIOCSPTLCK -> terminal.setLocked(task.memory().getInt(argument) != 0);
      case IoctlCodes.TIOCGPTLCK -> task.memory().putInt(argument, terminal.isLocked() ? 1 : 0);
      case IoctlCodes.TIOCPKT -> terminal.setPacketMode(task.memory().getInt(argument) != 0);
      case IoctlCodes.TIOCGPKT -> task.memory().putInt(argument, terminal.isPacketMode() ? 1 : 0);
      case IoctlCodes.TIOCEXCL -> exclusive = true;
      case IoctlCodes.TIOCNXCL -> exclusive = false;
      case IoctlCodes.TIOCGEXCL -> task.memory().putInt(argument, exclusive ? 1 : 0);
      case IoctlCodes.TIOCSIG -> {
        if (!Signal.isValid((int) argument)) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        int group = terminal.foregroundGroup();
        if (group != 0) {
          ProcessGroups.signal(task.libraryOs(), group, (int) argument);
        }
      }
      case IoctlCodes.TIOCGPTPEER -> {
        int flags = (int) argument;
        FileDescription peer = slave.open(task, null, flags);
        return task.install(peer, (flags & OpenFlags.O_CLOEXEC) != 0);
      }
      default -> {
        return controls.control(task, request, argument);
      }
    }
    return 0;
  }

  @Override
  public int readiness() {
    return terminal.masterReadiness();
  }

  @Override
  public WaitQueue waitQueue() {
    return terminal.masterWaiters();
  }

  @Override
  protected void close() {
    terminal.closeMaster();
  }
}
