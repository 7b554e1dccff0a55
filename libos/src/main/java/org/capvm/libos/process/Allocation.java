package org.capvm.libos.process;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What some threads allocate of the Java heap. What one does between the last look and its end is
 * not seen.
 *
 * <p>Threads: any.
 */
final class Allocation {
  /** By Java's numbers. */
  private final Set<Long> threads = ConcurrentHashMap.newKeySet();

  // Guarded by this object's monitor.
  private Map<Long, Long> seen = Map.of();
  private long bytes;

  /** The JVM's own count; to load what it takes costs milliseconds, so that only who asks pays. */
  private static final class Counter {
    static final com.sun.management.ThreadMXBean BEAN =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Counter() {}
  }

  /** Runs a thread's body, and counts what it allocates. */
  void follow(Runnable body) {
    long thread = Thread.currentThread().threadId();
    threads.add(thread);
    try {
      body.run();
    } finally {
      threads.remove(thread);
    }
  }

  /** How many bytes all threads, those that ended included, have allocated so far. */
  synchronized long bytes() {
    long[] running = threads.stream().mapToLong(Long::longValue).toArray();
    long[] allocated = Counter.BEAN.getThreadAllocatedBytes(running);
    Map<Long, Long> seenNow = HashMap.newHashMap(running.length);
    for (int i = 0; i < running.length; i++) {
      long before = seen.getOrDefault(running[i], 0L);
      // -1: it has ended.
      long now = Math.max(before, allocated[i]);
      bytes += now - before;
      seenNow.put(running[i], now);
    }
    seen = seenNow;
    return bytes;
  }
}
