package org.capvm.libos.process;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;

/** Tells a parent that a child stopped, went on or ended. */
final class ChildEvents {
  private static final long NANOS_PER_TICK = 10_000_000;

  private ChildEvents() {}

  /**
   * A child stopped or went on: sends SIGCHLD, unless the parent does not want to hear of it, and
   * wakes the parent's tasks that wait.
   *
   * @param code {@code CLD_STOPPED} or {@code CLD_CONTINUED}
   */
  static void announce(Process parent, Process child, int code, int signal) {
    if (!parent.signalActions().get(Signal.SIGCHLD).has(Signal.SA_NOCLDSTOP)) {
      SignalDelivery.send(parent, info(Signal.SIGCHLD, child, code, signal));
    }
    parent.tasks().forEach(Task::wake);
  }

  /**
   * A child ended: sends what the child was made to send, and wakes the parent's tasks that wait.
   *
   * @param code {@code CLD_EXITED} or {@code CLD_KILLED}
   * @param status exit code or signal
   */
  static void announceEnd(Process parent, Process child, int code, int status) {
    if (child.exitSignal() != 0) {
      SignalDelivery.send(parent, info(child.exitSignal(), child, code, status));
    }
    parent.tasks().forEach(Task::wake);
  }

  private static SignalInfo info(int signal, Process child, int code, int status) {
    CpuTimes times = child.ownTimes();
    return SignalInfo.child(
        signal,
        code,
        child.id(),
        child.credentials().uid(),
        status,
        times.userNanos() / NANOS_PER_TICK,
        times.systemNanos() / NANOS_PER_TICK);
  }
}
