package org.capvm.libos.processor;

/**
 * Gives each of several cVMs its share of the processors. While there are two or more, a thread
 * looks every now and then at how many tasks of each could run, and divides the processors as
 * {@link ProcessorDivision} says.
 *
 * <p>Threads: any.
 */
public final class FairShares implements AutoCloseable {
  /** While the processors may have to be divided anew. */
  private static final long LOOK_MILLIS = 10;

  /** While they are divided as everybody wants them. */
  private static final long SETTLED_LOOK_MILLIS = 20;

  /** While nobody does anything. */
  private static final long IDLE_LOOK_MILLIS = 50;

  private final ProcessorShares shares =
      new ProcessorShares(HostProcessors.count(), new JvmThreads());
  private Thread watcher;
  private boolean closed;

  /** Without anybody. */
  public FairShares() {}

  /** Lets somebody have a share from now on, until {@link #remove}. */
  public synchronized void add(ProcessorUser user) {
    shares.add(user);
    if (watcher == null && !isOver()) {
      watcher =
          Thread.ofPlatform().daemon().name("fair-shares").start(HostProcessors.onAll(this::watch));
    }
  }

  /** Somebody needs no share any more. */
  public synchronized void remove(ProcessorUser user) {
    shares.remove(user);
    notifyAll();
  }

  private boolean isOver() {
    return closed || shares.users() < 2 || HostProcessors.count() == 1;
  }

  private synchronized void watch() {
    long before = System.nanoTime();
    try {
      while (!isOver()) {
        long now = System.nanoTime();
        boolean busy = shares.look((double) Math.max(1, now - before));
        before = now;
        wait(millisToNextLook(busy));
      }
    } catch (InterruptedException e) {
      // Nobody but the JVM's end interrupts this thread.
      Thread.currentThread().interrupt();
    }
    shares.giveAll();
    watcher = null;
  }

  private long millisToNextLook(boolean busy) {
    if (!busy) {
      return IDLE_LOOK_MILLIS;
    }
    return shares.isSettled() ? SETTLED_LOOK_MILLIS : LOOK_MILLIS;
  }

  /** Gives everybody as many processors as it may have, for good. */
  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
