package org.capvm.libos.process;

import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What some threads allocate of the Java heap. What one does between the last look and its end is
 * not seen.
 *
 * <p>A look comes every few milliseconds, at as many threads as a guest has: it makes two arrays
 * and no object for each of them, lest the looks themselves take what others are to have.
 *
 * <p>Threads: any.
 */
final class Allocation {
  private final Set<Follower> running = ConcurrentHashMap.newKeySet();

  // Guarded by this object's monitor, as what is seen of each thread.
  private long bytes;

  /** One thread. */
  private static final class Follower {
    /** Java's number. */
    final long thread = Thread.currentThread().threadId();

    long seenBytes;
  }

  /** The JVM's own count; to load what it takes costs milliseconds, so that only who asks pays. */
  private static final class Counter {
    static final com.sun.management.ThreadMXBean BEAN =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Counter() {}
  }

  /** Runs a thread's body, and counts what it allocates. */
  void follow(Runnable body) {
    Follower own = new Follower();
    running.add(own);
    try {
      body.run();
    } finally {
      running.remove(own);
    }
  }

  /** How many bytes all threads, those that ended included, have allocated so far. */
  synchronized long bytes() {
    Follower[] followers = running.toArray(Follower[]::new);
    long[] threads = new long[followers.length];
    for (int i = 0; i < threads.length; i++) {
      threads[i] = followers[i].thread;
    }
    long[] allocated = Counter.BEAN.getThreadAllocatedBytes(threads);
    for (int i = 0; i < threads.length; i++) {
      // -1: it has ended.
      long now = Math.max(followers[i].seenBytes, allocated[i]);
      bytes += now - followers[i].seenBytes;
      followers[i].seenBytes = now;
    }
    return bytes;
  }
}
