package org.capvm.libos.time;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.capvm.libos.processor.HostProcessors;

/**
 * The one thread of the JVM on which timers of all guests expire. What runs there must not block.
 */
public final class TimerThread {
  private static final ScheduledThreadPoolExecutor EXECUTOR = start();

  private TimerThread() {}

  private static ScheduledThreadPoolExecutor start() {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            1,
            body -> {
              Thread thread = new Thread(HostProcessors.onAll(body), "guest-timers");
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
    return executor;
  }

  /** Runs something after a delay. */
  public static ScheduledFuture<?> after(long delayNanos, Runnable body) {
    return EXECUTOR.schedule(body, delayNanos, TimeUnit.NANOSECONDS);
  }
}
