package org.capvm.monitor.channel;

import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;

/**
 * One thread's wait for a word of a CP_File. The thread sleeps in its own way until it is woken,
 * and then asks whether the wait is over.
 *
 * <p>Threads: any.
 */
public final class WordWait {
  private final WordWaiters waiters;
  private final Capability through;
  private final long hostAddress;
  private final Runnable wake;
  private volatile boolean over;
  private volatile Reason failure;

  WordWait(WordWaiters waiters, Capability through, long hostAddress, Runnable wake) {
    this.waiters = waiters;
    this.through = through;
    this.hostAddress = hostAddress;
    this.wake = wake;
  }

  Capability through() {
    return through;
  }

  long hostAddress() {
    return hostAddress;
  }

  void end(Reason reason) {
    failure = reason;
    over = true;
    wake.run();
  }

  /**
   * Whether somebody notified.
   *
   * @throws CapabilityException NOT_VALID if the capability was revoked meanwhile, OWNER_GONE if
   *     the whole buffer was
   */
  public boolean isOver() {
    if (over && failure != null) {
      throw new CapabilityException(failure);
    }
    return over;
  }

  /**
   * Gives up.
   *
   * @return whether the wait was not over yet; otherwise {@link #isOver} says how it ended
   */
  public boolean cancel() {
    return waiters.remove(this);
  }
}
