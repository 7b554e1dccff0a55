package org.capvm.libos.file.pty;

import static org.capvm.libos.abi.Signal.bit;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.ProcessGroups;
import org.capvm.libos.process.Task;

/** Which processes may use their terminal, and how a session gets one and loses it. */
final class JobControl {
  private JobControl() {}

  /**
   * Lets processes of the foreground through, and of other sessions; those of the background are
   * stopped, or get an error if nobody could continue them.
   *
   * @param signal SIGTTIN or SIGTTOU
   * @throws ErrnoException EIO, or ERESTARTSYS after the signal was sent
   */
  static void requireForeground(Task task, Pseudoterminal terminal, int signal) {
    Process process = task.process();
    int foreground = terminal.foregroundGroup();
    if (process.controllingTerminal() != terminal
        || foreground == 0
        || process.processGroup() == foreground) {
      return;
    }
    boolean ignored =
        (task.signals().mask() & bit(signal)) != 0
            || process.signalActions().get(signal).handler() == Signal.SIG_IGN;
    if (ignored && signal == Signal.SIGTTOU) {
      return;
    }
    if (ignored || ProcessGroups.isOrphaned(task.libraryOs(), process.processGroup())) {
      throw ErrnoException.of(Errno.EIO);
    }
    ProcessGroups.signal(task.libraryOs(), process.processGroup(), signal);
    throw ErrnoException.of(Errno.ERESTARTSYS);
  }

  /**
   * A slave was opened: the leader of a session without a terminal gets it, if it did not object.
   *
   * @param task who opened it, or null for the library OS
   */
  static void opened(Task task, Pseudoterminal terminal, int flags) {
    if (task == null || (flags & OpenFlags.O_NOCTTY) != 0) {
      return;
    }
    Process process = task.process();
    boolean readable = (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_WRONLY;
    if (readable && isLeaderWithoutTerminal(process) && terminal.session() == 0) {
      terminal.enterSession(process);
    }
  }

  private static boolean isLeaderWithoutTerminal(Process process) {
    return process.id() == process.session() && process.controllingTerminal() == null;
  }

  /**
   * {@code TIOCSCTTY}.
   *
   * @param steals 1 to take the terminal from another session
   */
  static void acquire(Task task, Pseudoterminal terminal, boolean readable, long steals) {
    Process process = task.process();
    if (process.id() == process.session() && terminal.session() == process.session()) {
      return;
    }
    boolean privileged = task.credentials().isPrivileged();
    boolean taken = terminal.session() != 0 && !(steals == 1 && privileged);
    if (!isLeaderWithoutTerminal(process) || taken || (!readable && !privileged)) {
      throw ErrnoException.of(Errno.EPERM);
    }
    terminal.leaveSession();
    terminal.enterSession(process);
  }

  /** {@code TIOCNOTTY}. */
  static void giveUp(Task task, Pseudoterminal terminal) {
    Process process = task.process();
    if (process.controllingTerminal() != terminal) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
    if (process.id() == process.session()) {
      int foreground = terminal.foregroundGroup();
      terminal.leaveSession();
      if (foreground != 0) {
        ProcessGroups.signal(task.libraryOs(), foreground, Signal.SIGHUP);
        ProcessGroups.signal(task.libraryOs(), foreground, Signal.SIGCONT);
      }
    }
    process.setControllingTerminal(null);
  }

  /** {@code TIOCSPGRP}. */
  static void changeForeground(Task task, Pseudoterminal terminal, int group) {
    try {
      requireForeground(task, terminal, Signal.SIGTTOU);
    } catch (ErrnoException refused) {
      throw refused.errno() == Errno.EIO ? ErrnoException.of(Errno.ENOTTY) : refused;
    }
    Process process = task.process();
    if (group < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (process.controllingTerminal() != terminal || terminal.session() != process.session()) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
    List<Process> members = ProcessGroups.members(task.libraryOs(), group);
    if (members.isEmpty()) {
      throw ErrnoException.of(Errno.ESRCH);
    }
    if (members.getFirst().session() != process.session()) {
      throw ErrnoException.of(Errno.EPERM);
    }
    terminal.setForegroundGroup(group);
  }
}
