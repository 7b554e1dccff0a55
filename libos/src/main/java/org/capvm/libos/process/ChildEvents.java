package org.capvm.libos.process;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;

/** Tells a parent that a child stopped, went on or ended. */
final class ChildEvents {
  private static final long NANOS_PER_TICK = 10_000_000;

  private ChildEvents() {}

  /**
   * Sends SIGCHLD and wakes the parent's tasks that wait.
   *
   * @param code a {@code CLD_} constant
   * @param status exit code or signal
   */
  static void announce(Process parent, Process child, int code, int status) {
    boolean stopOrGo = code == Signal.CLD_STOPPED || code == Signal.CLD_CONTINUED;
    boolean quiet =
        stopOrGo && parent.signalActions().get(Signal.SIGCHLD).has(Signal.SA_NOCLDSTOP);
    if (!quiet) {
      CpuTimes times = child.ownTimes();
      SignalDelivery.send(
          parent,
          SignalInfo.child(
              code,
              child.id(),
              child.credentials().uid(),
              status,
              times.userNanos() / NANOS_PER_TICK,
              times.systemNanos() / NANOS_PER_TICK));
    }
    parent.tasks().forEach(Task::wake);
  }
}
