package org.capvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/**
 * How the host's processors spent their time since it started.
 *
 * @param total in Linux's ticks, all processors together
 * @param idle the part in which nothing was to be done
 */
record ProcessorTime(long total, long idle) {
  private static final Path SOURCE = Path.of("/proc/stat");

  /**
   * Columns of the first line after its name; see proc(5). Guests' time is in the user's already.
   */
  private static final int IDLE = 3;

  private static final int GUEST = 8;

  /** Waits for a while; returns what share of it the processors were idle, from 0 to 1. */
  static double idleShare(Duration sample) throws IOException, InterruptedException {
    ProcessorTime before = parse(Files.readString(SOURCE));
    Thread.sleep(sample);
    return parse(Files.readString(SOURCE)).idleShareSince(before);
  }

  /** Reads the text of {@code /proc/stat}. */
  static ProcessorTime parse(String text) {
    long[] ticks =
        Arrays.stream(text.lines().findFirst().orElseThrow().split(" +", -1))
            .skip(1)
            .limit(GUEST)
            .mapToLong(Long::parseLong)
            .toArray();
    return new ProcessorTime(Arrays.stream(ticks).sum(), ticks[IDLE]);
  }

  /** The idle share of the time from an earlier moment to this one; 1 if no time passed. */
  double idleShareSince(ProcessorTime before) {
    return total == before.total ? 1 : (double) (idle - before.idle) / (total - before.total);
  }
}
