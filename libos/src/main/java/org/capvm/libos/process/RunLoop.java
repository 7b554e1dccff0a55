package org.capvm.libos.process;

import org.capvm.libos.Dispatcher;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.machine.layout.ExitReason;
import org.capvm.monitor.gate.GuestThread;

/**
 * The life of a task on its thread: into the guest, out for some reason, the reason dealt with, in
 * again.
 */
final class RunLoop {
  private static final int NO_CALL = -1;

  private final Task task;
  private final Dispatcher dispatcher;

  RunLoop(Task task, Dispatcher dispatcher) {
    this.task = task;
    this.dispatcher = dispatcher;
  }

  /** Runs until the task is over. */
  void run() {
    if (task.isInterrupted() && !task.guestThread().hasTakenOver()) {
      SignalDelivery.deliver(task, NO_CALL);
    }
    while (!task.isOver()) {
      // An exec may have replaced it.
      GuestThread guest = task.guestThread();
      ExitReason reason = guest.run();
      int call = NO_CALL;
      if (reason == ExitReason.SYSTEM_CALL) {
        call = dispatcher.dispatch(task);
      } else {
        leaveFor(reason);
      }
      if (call >= 0 || task.isInterrupted()) {
        SignalDelivery.deliver(task, call);
      }
    }
  }

  private void leaveFor(ExitReason reason) {
    switch (reason) {
      case FAULT -> Faults.fault(task);
      case TRAP -> Faults.trap(task);
      case MISS -> Faults.notExecutable(task);
      case EMULATE -> Emulation.emulate(task);
      case KICK, SYSTEM_CALL -> {
        // What the kick was for is looked at after every exit.
      }
    }
  }
}
