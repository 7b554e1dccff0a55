package org.capvm.monitor.channel;

import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;

/**
 * One call in flight, which anybody with a reason can cut short.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
public final class Invocation {
  private final Capability through;
  private Runnable cut;
  private Reason reason;

  Invocation(Capability through) {
    this.through = through;
  }

  Capability through() {
    return through;
  }

  /** Cuts the call short; the first reason counts. */
  public void cancel(Reason why) {
    Runnable action;
    synchronized (this) {
      if (reason != null) {
        return;
      }
      reason = why;
      action = cut;
    }
    if (action != null) {
      action.run();
    }
  }

  /**
   * Says what is to be done to cut the call short from now on.
   *
   * @param action runs on any thread; must not wait for anything
   * @throws CapabilityException if the call was cut short already
   */
  public synchronized void onCancel(Runnable action) {
    check();
    cut = action;
  }

  /** Throws if the call was cut short. */
  public synchronized void check() {
    if (reason != null) {
      throw new CapabilityException(reason);
    }
  }
}
