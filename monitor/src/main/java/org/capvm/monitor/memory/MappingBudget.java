package org.capvm.monitor.memory;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many mappings of the JVM's process guests may take: the kernel allows {@code
 * vm.max_map_count} for all of it, and a JVM that gets no more cannot go on. A quarter stays the
 * JVM's own.
 *
 * <p>Whoever maps for a guest asks first and counts afterwards; the reserve is large enough for
 * what several threads add between the two. Threads: any; lock-free.
 */
public final class MappingBudget {
  private static final Path LIMIT = Path.of("/proc/sys/vm/max_map_count");

  private final long limit;
  private final AtomicLong used = new AtomicLong();

  /** A budget of three quarters of what the kernel allows. */
  public MappingBudget() {
    // Files of sysctl give their content to the first read alone, so that must ask for all of it.
    try (BufferedReader reader = Files.newBufferedReader(LIMIT)) {
      limit = Long.parseLong(reader.readLine()) / 4 * 3;
    } catch (IOException unreadable) {
      throw new IllegalStateException("cannot read " + LIMIT, unreadable);
    }
  }

  /** Whether there is room for some more mappings. */
  public boolean hasRoomFor(long more) {
    return used.get() + more <= limit;
  }

  /** Counts mappings that were made, or removed if negative. */
  public void charge(long mappings) {
    used.addAndGet(mappings);
  }

  /** How many there may be. */
  public long limit() {
    return limit;
  }
}
