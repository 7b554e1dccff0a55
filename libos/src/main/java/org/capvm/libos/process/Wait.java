package org.capvm.libos.process;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;

/** Waiting for children: which ones, for what, and what became of them. */
final class Wait {
  static final int WNOHANG = 1;
  static final int WUNTRACED = 2;
  static final int WEXITED = 4;
  static final int WCONTINUED = 8;
  static final int WNOWAIT = 0x0100_0000;

  /** {@code __WNOTHREAD | __WCLONE | __WALL}: of no effect here, children being processes alone. */
  static final int CLONE_OPTIONS = 0xe000_0000;

  private static final int P_ALL = 0;
  private static final int P_PID = 1;
  private static final int P_PGID = 2;
  private static final int P_PIDFD = 3;
  private static final int STOPPED = 0x7f;
  private static final int CONTINUED = 0xffff;

  private Wait() {}

  /**
   * Which children are meant.
   *
   * @param id a child's id, or 0
   * @param group a process group, or 0
   */
  record Selection(int id, int group) {
    /** As {@code wait4}'s first argument says. */
    static Selection ofWait4(Task task, int argument) {
      if (argument == -1) {
        return new Selection(0, 0);
      }
      if (argument > 0) {
        return new Selection(argument, 0);
      }
      return new Selection(0, argument == 0 ? task.process().processGroup() : -argument);
    }

    /**
     * As {@code waitid}'s first two arguments say; null if they make no sense; EBADF for a
     * descriptor.
     */
    static Selection ofWaitid(Task task, int kind, int argument) {
      return switch (kind) {
        case P_ALL -> new Selection(0, 0);
        case P_PID -> argument <= 0 ? null : new Selection(argument, 0);
        case P_PGID ->
            argument < 0
                ? null
                : new Selection(0, argument == 0 ? task.process().processGroup() : argument);
        case P_PIDFD ->
            argument < 0 ? null : new Selection(PidCalls.process(task, argument).id(), 0);
        default -> null;
      };
    }

    boolean includes(Process child) {
      return (id == 0 || child.id() == id) && (group == 0 || child.processGroup() == group);
    }
  }

  /** Whether a descriptor that {@code waitid} is given, if it is, lets it wait. */
  static boolean mayWait(Task task, int kind, int argument) {
    return kind != P_PIDFD || !PidCalls.isNonBlocking(task, argument);
  }

  /**
   * What became of a child.
   *
   * @param code a {@code CLD_} constant
   * @param status exit code or signal
   */
  record Result(int id, int uid, int code, int status, int waitStatus, CpuTimes times) {}

  /**
   * Waits for an event of a child.
   *
   * @param options {@code WEXITED} and others
   * @return null if there is none yet and {@code WNOHANG} is set
   * @throws ErrnoException ECHILD, ERESTARTSYS
   */
  static Result await(Task task, Selection selection, int options) {
    Process parent = task.process();
    while (true) {
      boolean any = false;
      List<Process> children = parent.children();
      for (Process child : children) {
        if (selection.includes(child)) {
          any = true;
          Result result = poll(parent, child, options);
          if (result != null) {
            return result;
          }
        }
      }
      if (!any) {
        throw ErrnoException.of(Errno.ECHILD);
      }
      if ((options & WNOHANG) != 0) {
        return null;
      }
      task.park(Task.NEVER);
    }
  }

  private static Result poll(Process parent, Process child, int options) {
    boolean keep = (options & WNOWAIT) != 0;
    int uid = child.credentials().uid();
    ExitStatus ended = child.ended();
    if (ended != null && (options & WEXITED) != 0) {
      if (!keep && !parent.reap(child)) {
        return null;
      }
      int code = ended.signal() != 0 ? Signal.CLD_KILLED : Signal.CLD_EXITED;
      int status = ended.signal() != 0 ? ended.signal() : ended.code();
      return new Result(child.id(), uid, code, status, ended.waitStatus(), child.allTimes());
    }
    int stop = (options & WUNTRACED) != 0 ? child.takeStopEvent(keep) : 0;
    if (stop != 0) {
      int waitStatus = stop << 8 | STOPPED;
      return new Result(child.id(), uid, Signal.CLD_STOPPED, stop, waitStatus, child.allTimes());
    }
    if ((options & WCONTINUED) != 0 && child.takeContinueEvent(keep)) {
      return new Result(
          child.id(), uid, Signal.CLD_CONTINUED, Signal.SIGCONT, CONTINUED, child.allTimes());
    }
    return null;
  }
}
