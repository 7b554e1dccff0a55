package org.capvm.libos.time;

import java.util.concurrent.Future;

/** A timer that expires once or again and again. Thread-safe. */
public final class IntervalTimer {
  private final Runnable expired;
  private Future<?> scheduled;
  private long deadlineNanos;
  private long intervalNanos;
  private long generation;
  private int missed;
  private boolean armed;

  /**
   * @param expired runs at each expiry, on the timers' thread
   */
  public IntervalTimer(Runnable expired) {
    this.expired = expired;
  }

  /**
   * What is left until the next expiry, and the time between expiries; both 0 for a timer that is
   * not armed.
   */
  public record Setting(long leftNanos, long intervalNanos) {}

  public synchronized Setting setting() {
    if (!armed) {
      return new Setting(0, intervalNanos);
    }
    return new Setting(Math.max(1, GuestTime.left(deadlineNanos)), intervalNanos);
  }

  /**
   * Arms the timer, or disarms it.
   *
   * @param deadline in terms of {@link System#nanoTime}, or 0 to disarm
   * @return what was set before
   */
  public synchronized Setting set(long deadline, boolean arm, long interval) {
    final Setting old = setting();
    generation++;
    if (scheduled != null) {
      scheduled.cancel(false);
      scheduled = null;
    }
    armed = arm;
    intervalNanos = interval;
    missed = 0;
    if (arm) {
      deadlineNanos = deadline;
      schedule();
    }
    return old;
  }

  private void schedule() {
    long current = generation;
    scheduled = TimerThread.after(GuestTime.left(deadlineNanos), () -> expire(current));
  }

  private void expire(long armedGeneration) {
    synchronized (this) {
      if (armedGeneration != generation || !armed) {
        return;
      }
      missed = 0;
      if (intervalNanos == 0) {
        armed = false;
      } else {
        long late = System.nanoTime() - deadlineNanos;
        missed = (int) Math.min(Integer.MAX_VALUE, late / intervalNanos);
        deadlineNanos += (missed + 1L) * intervalNanos;
        schedule();
      }
    }
    expired.run();
  }

  /** How many expiries the last one stood for, besides itself. */
  public synchronized int overrun() {
    return missed;
  }
}
