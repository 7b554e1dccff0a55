package org.capvm.libos.file.pty;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.abi.Termios;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/** An open {@code /dev/pts/N}: a terminal as programs see it. Threads: any. */
final class Slave extends FileDescription {
  /** The most one call moves at a time: the discipline never holds more. */
  private static final int PIECE_BYTES = 4096;

  private final Pseudoterminal terminal;
  private final SlaveNode node;
  private final TerminalControls controls;

  /**
   * An open terminal, which the caller has counted.
   *
   * @param node what it was opened by
   * @param location null if the master opened it
   */
  Slave(Pseudoterminal terminal, SlaveNode node, Location location, int flags) {
    super(location, flags);
    this.terminal = terminal;
    this.node = node;
    this.controls = new TerminalControls(terminal, this, false);
  }

  @Override
  public FileStatus status() {
    return location() == null ? node.status() : super.status();
  }

  @Override
  public String describe(Location root) {
    return location() == null ? "/dev/pts/" + terminal.number() : super.describe(root);
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    if (buffer.length() == 0) {
      return 0;
    }
    JobControl.requireForeground(task, terminal, Signal.SIGTTIN);
    return Pieces.read(
        buffer, PIECE_BYTES, piece -> terminal.readInput(task, piece, isNonBlocking()));
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    if (terminal.settings().hasLocal(Termios.TOSTOP)) {
      JobControl.requireForeground(task, terminal, Signal.SIGTTOU);
    }
    return Pieces.write(
        buffer, PIECE_BYTES, piece -> terminal.writeOutput(task, piece, isNonBlocking()));
  }

  @Override
  public long control(Task task, int request, long argument) {
    if (terminal.isHungUp()) {
      throw ErrnoException.of(request == IoctlCodes.TIOCSPGRP ? Errno.ENOTTY : Errno.EIO);
    }
    switch (request) {
      case IoctlCodes.TIOCEXCL -> terminal.setExclusive(true);
      case IoctlCodes.TIOCNXCL -> terminal.setExclusive(false);
      case IoctlCodes.TIOCGEXCL -> task.memory().putInt(argument, terminal.isExclusive() ? 1 : 0);
      default -> {
        return controls.control(task, request, argument);
      }
    }
    return 0;
  }

  @Override
  public int readiness() {
    return terminal.slaveReadiness();
  }

  @Override
  public WaitQueue waitQueue() {
    return terminal.slaveWaiters();
  }

  @Override
  protected void close() {
    terminal.closeSlave();
  }
}
