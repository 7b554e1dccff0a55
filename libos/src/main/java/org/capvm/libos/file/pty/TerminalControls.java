package org.capvm.libos.file.pty;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.abi.Termios;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/** The {@code ioctl} requests that both sides of a pseudo-terminal answer: ioctl_tty(2). */
final class TerminalControls {
  private static final int TCIFLUSH = 0;
  private static final int TCOFLUSH = 1;
  private static final int TCIOFLUSH = 2;
  private static final int TCOOFF = 0;
  private static final int TCOON = 1;
  private static final int TCIOFF = 2;
  private static final int TCION = 3;

  private final Pseudoterminal terminal;
  private final FileDescription file;
  private final boolean isMaster;

  TerminalControls(Pseudoterminal terminal, FileDescription file, boolean isMaster) {
    this.terminal = terminal;
    this.file = file;
    this.isMaster = isMaster;
  }

  /**
   * Carries a request out.
   *
   * @throws ErrnoException ENOTTY for one that is not known, and others
   */
  long control(Task task, int request, long argument) {
    GuestMemory memory = task.memory();
    switch (request) {
      case IoctlCodes.TCGETS -> terminal.settings().write(memory, argument, false);
      case IoctlCodes.TCGETS2 -> terminal.settings().write(memory, argument, true);
      case IoctlCodes.TCSETS, IoctlCodes.TCSETSW, IoctlCodes.TCSETSF ->
          changeSettings(task, argument, false, request == IoctlCodes.TCSETSF);
      case IoctlCodes.TCSETS2, IoctlCodes.TCSETSW2, IoctlCodes.TCSETSF2 ->
          changeSettings(task, argument, true, request == IoctlCodes.TCSETSF2);
      case IoctlCodes.TIOCGWINSZ -> memory.putLong(argument, terminal.windowSize());
      case IoctlCodes.TIOCSWINSZ -> terminal.setWindowSize(memory.getLong(argument));
      case IoctlCodes.FIONREAD ->
          memory.putInt(argument, isMaster ? terminal.outputSize() : terminal.inputSize());
      case IoctlCodes.TIOCOUTQ, IoctlCodes.TIOCGETD -> memory.putInt(argument, 0);
      case IoctlCodes.TCSBRK, IoctlCodes.TCSBRKP -> {
        // What was written has left, and nobody would notice a break.
        if (!isMaster) {
          requireForeground(task);
        }
      }
      case IoctlCodes.TCFLSH -> flush(task, (int) argument);
      case IoctlCodes.TCXONC -> flow(task, (int) argument);
      default -> session(task, request, argument);
    }
    return 0;
  }

  private void requireForeground(Task task) {
    JobControl.requireForeground(task, terminal, Signal.SIGTTOU);
  }

  private void changeSettings(Task task, long address, boolean withSpeeds, boolean flushes) {
    requireForeground(task);
    TerminalSettings changed = TerminalSettings.read(task.memory(), address, withSpeeds);
    if (flushes) {
      terminal.flushInput();
    }
    terminal.setSettings(changed);
  }

  private void flush(Task task, int what) {
    if (!isMaster) {
      requireForeground(task);
    }
    if (what < TCIFLUSH || what > TCIOFLUSH) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (isMaster) {
      if (what != TCOFLUSH) {
        terminal.flushOutput();
      }
      if (what != TCIFLUSH) {
        terminal.flushTyped();
      }
    } else {
      if (what != TCOFLUSH) {
        terminal.flushInput();
      }
      if (what != TCIFLUSH) {
        terminal.flushWritten();
      }
    }
  }

  private void flow(Task task, int what) {
    if (!isMaster) {
      requireForeground(task);
    }
    if (what < TCOOFF || what > TCION) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    boolean stops = what == TCOOFF || what == TCIOFF;
    int character = stops ? Termios.VSTOP : Termios.VSTART;
    boolean output = what == TCOOFF || what == TCOON;
    if (isMaster) {
      if (output) {
        terminal.setTypingStopped(stops);
      } else {
        // A master's own settings are never changed: its requests are about the slave's.
        terminal.typeFlowControl(TerminalSettings.INITIAL.character(character));
      }
    } else if (output) {
      terminal.setStopped(stops);
    } else {
      terminal.sendFlowControl(terminal.settings().character(character));
    }
  }

  private void session(Task task, int request, long argument) {
    GuestMemory memory = task.memory();
    switch (request) {
      case IoctlCodes.TIOCGPGRP -> {
        requireOwn(task);
        memory.putInt(argument, terminal.foregroundGroup());
      }
      case IoctlCodes.TIOCSPGRP ->
          JobControl.changeForeground(task, terminal, memory.getInt(argument));
      case IoctlCodes.TIOCGSID -> {
        requireOwn(task);
        if (terminal.session() == 0) {
          throw ErrnoException.of(Errno.ENOTTY);
        }
        memory.putInt(argument, terminal.session());
      }
      case IoctlCodes.TIOCSCTTY -> JobControl.acquire(task, terminal, file.isReadable(), argument);
      case IoctlCodes.TIOCNOTTY -> {
        if (isMaster) {
          throw ErrnoException.of(Errno.ENOTTY);
        }
        JobControl.giveUp(task, terminal);
      }
      default -> throw ErrnoException.of(Errno.ENOTTY);
    }
  }

  /** Programs may ask about their own terminal alone; the master may always. */
  private void requireOwn(Task task) {
    if (!isMaster && task.process().controllingTerminal() != terminal) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
  }
}
