package org.capvm.libos.process;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Watching for a wake-up for some microseconds before sleeping for it. To sleep and be woken costs
 * two switches of context; a peer that answers sooner than that is worth watching for.
 *
 * <p>Whether it is worth it shows: after a watch in vain the next waits sleep at once, twice as
 * many after each further one, so that a task that waits for slow things spends next to nothing.
 * Once as many threads watch as their cVM has processors but one, others sleep at once: somebody
 * must be left to do the waking.
 *
 * <p>For the waiting thread, but for {@link #isWatching}.
 */
final class Spin {
  /** About what the switches cost on a virtual machine. */
  private static final long LONGEST_NANOS = 40_000;

  private static final int MOST_SKIPPED = 1 << 10;
  private static final int LOOKS_PER_CLOCK = 16;
  private static final AtomicInteger WATCHING = new AtomicInteger();

  private volatile boolean watching;
  private int skip;
  private int skipped;

  /** Whether the thread watches, so that a wake-up needs no call to the host. Any thread. */
  boolean isWatching() {
    return watching;
  }

  /**
   * Watches until the task is woken, for a short time and not beyond a deadline.
   *
   * @return whether it was woken; if not, a wake-up from now on finds that nobody watches
   */
  boolean watch(Task task, long deadlineNanos) {
    if (task.isWakeRequested()) {
      return true;
    }
    if (skipped < skip) {
      skipped++;
      return false;
    }
    if (WATCHING.get() >= task.libraryOs().processorRoom().processors().count() - 1) {
      return false;
    }
    long start = System.nanoTime();
    long limit =
        deadlineNanos == Task.NEVER
            ? LONGEST_NANOS
            : Math.min(LONGEST_NANOS, deadlineNanos - start);
    WATCHING.incrementAndGet();
    watching = true;
    boolean woken = lookUntil(task, start + limit);
    watching = false;
    WATCHING.decrementAndGet();
    skipped = 0;
    skip = woken ? 0 : Math.min(MOST_SKIPPED, 2 * skip + 1);
    // Again: whoever saw that this thread watched has not woken it in any other way.
    return woken || task.isWakeRequested();
  }

  private static boolean lookUntil(Task task, long endNanos) {
    do {
      for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
        if (task.isWakeRequested()) {
          return true;
        }
        Thread.onSpinWait();
      }
    } while (System.nanoTime() - endNanos < 0);
    return false;
  }
}
