package org.capvm.libos.time;

import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import org.capvm.libos.processor.HostProcessors;

/**
 * A timer that runs while a process uses processor time. The clock is looked at when it could have
 * got there at the earliest, so an idle process costs a look every now and then and nothing more.
 * Thread-safe.
 */
final class CpuTimer {
  private static final long SHORTEST_WAIT_NANOS = 500_000;
  private static final long LONGEST_WAIT_NANOS = 100_000_000;

  private final LongSupplier clock;
  private final Runnable expired;
  private Future<?> scheduled;
  private long deadlineNanos;
  private long intervalNanos;
  private boolean armed;
  private long generation;

  /**
   * @param clock processor time used, in nanoseconds
   * @param expired runs at each expiry, on the timers' thread
   */
  CpuTimer(LongSupplier clock, Runnable expired) {
    this.clock = clock;
    this.expired = expired;
  }

  synchronized IntervalTimer.Setting setting() {
    long left = armed ? Math.max(1, deadlineNanos - clock.getAsLong()) : 0;
    return new IntervalTimer.Setting(left, intervalNanos);
  }

  /**
   * Arms the timer, or disarms it.
   *
   * @param firstNanos processor time until the first expiry, or 0 to disarm
   * @return what was set before
   */
  synchronized IntervalTimer.Setting set(long firstNanos, long interval) {
    final IntervalTimer.Setting old = setting();
    generation++;
    if (scheduled != null) {
      scheduled.cancel(false);
      scheduled = null;
    }
    armed = firstNanos != 0;
    intervalNanos = interval;
    if (armed) {
      deadlineNanos = clock.getAsLong() + firstNanos;
      schedule(firstNanos);
    }
    return old;
  }

  private void schedule(long leftNanos) {
    long wait =
        Math.clamp(leftNanos / HostProcessors.count(), SHORTEST_WAIT_NANOS, LONGEST_WAIT_NANOS);
    long current = generation;
    scheduled = TimerThread.after(wait, () -> look(current));
  }

  private void look(long armedGeneration) {
    synchronized (this) {
      if (armedGeneration != generation || !armed) {
        return;
      }
      long left = deadlineNanos - clock.getAsLong();
      if (left > 0) {
        schedule(left);
        return;
      }
      if (intervalNanos == 0) {
        armed = false;
      } else {
        deadlineNanos += (-left / intervalNanos + 1) * intervalNanos;
        schedule(deadlineNanos - clock.getAsLong());
      }
    }
    expired.run();
  }
}
