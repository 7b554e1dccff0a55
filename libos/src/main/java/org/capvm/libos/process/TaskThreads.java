package org.capvm.libos.process;

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The platform threads that the tasks of one cVM run on. To make one costs the JVM several times
 * what it costs the host, so a thread whose task has ended waits a moment for another task.
 *
 * <p>Threads: any.
 */
public final class TaskThreads implements AutoCloseable {
  /** Java frames are shallow here: handlers do not recurse into guests. */
  private static final long STACK_BYTES = 512 << 10;

  /** Long enough for a program that makes one thread after the other. */
  private static final long IDLE_MILLIS = 100;

  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          IDLE_MILLIS,
          TimeUnit.MILLISECONDS,
          new SynchronousQueue<>(),
          this::newThread);

  private final Allocation allocation = new Allocation();

  private Thread newThread(Runnable body) {
    Thread thread = new Thread(null, () -> allocation.follow(body), "task", STACK_BYTES);
    thread.setDaemon(true);
    return thread;
  }

  /** How many bytes of the Java heap the threads have allocated, those that ended included. */
  public long allocatedBytes() {
    return allocation.bytes();
  }

  /** Runs a task on a thread that has none. Throws OutOfMemoryError if the host refuses another. */
  void execute(TaskThread task) {
    threads.execute(task);
  }

  /** Lets the threads end that no task runs on. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
