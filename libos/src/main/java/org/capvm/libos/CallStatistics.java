package org.capvm.libos;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * How often the programs of a cVM made each system call, and which calls failed with what.
 * Thread-safe.
 */
public final class CallStatistics {
  private final AtomicLongArray calls = new AtomicLongArray(SystemCallTable.COUNTERS);
  private final Map<Long, LongAdder> failures = new ConcurrentHashMap<>();

  /**
   * How often a call failed with an errno.
   *
   * @param number as the program gave it; need not be a call's
   */
  public record Failure(int number, int errno, long count) {}

  /** Adds what a task counted, when it ends. */
  public void add(long[] callCounts) {
    for (int counter = 0; counter < callCounts.length; counter++) {
      if (callCounts[counter] != 0) {
        calls.addAndGet(counter, callCounts[counter]);
      }
    }
  }

  /** Counts a failure. */
  void failed(int number, int errno) {
    failures.computeIfAbsent((long) number << 32 | errno, key -> new LongAdder()).increment();
  }

  /** How often a call was made by tasks that have ended. */
  public long calls(int number) {
    return calls.get(SystemCallTable.counter(number));
  }

  /** All failures, by number and errno. */
  public java.util.List<Failure> failures() {
    return new TreeMap<>(failures)
        .entrySet().stream()
            .map(
                entry ->
                    new Failure(
                        (int) (entry.getKey() >> 32),
                        entry.getKey().intValue(),
                        entry.getValue().sum()))
            .toList();
  }
}
