package org.capvm.libos.net;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;

/** What happens to a task that writes to a stream nobody will read. */
final class BrokenPipe {
  private BrokenPipe() {}

  /** Sends SIGPIPE to the calling task. */
  static void raise(Task task) {
    int uid = task.credentials().uid();
    SignalDelivery.send(task, SignalInfo.fromUser(Signal.SIGPIPE, task.process().id(), uid));
  }
}
