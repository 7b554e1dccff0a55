package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What this JVM process holds of the host at one moment.
 *
 * @param threads kernel threads
 * @param descriptors open descriptors
 * @param mappings memory mappings
 */
record HostResources(long threads, long descriptors, long mappings) {
  private static final long SOON_NANOS = 5_000_000_000L;

  static HostResources now() throws IOException {
    Path self = Path.of("/proc/self");
    try (Stream<String> mappings = Files.lines(self.resolve("maps"))) {
      return new HostResources(
          count(self.resolve("task")), count(self.resolve("fd")), mappings.count());
    }
  }

  /**
   * Fails unless the process soon holds, but for what a JVM does by itself, no more than before:
   * threads that have ended may take the kernel a moment.
   */
  static void assertNotGrownSince(HostResources before) throws Exception {
    long deadline = System.nanoTime() + SOON_NANOS;
    HostResources now = now();
    while (!now.isWithinReachOf(before) && System.nanoTime() < deadline) {
      Thread.sleep(20);
      now = now();
    }
    assertThat(now).matches(held -> held.isWithinReachOf(before), "not much more than " + before);
  }

  boolean isWithinReachOf(HostResources before) {
    return threads <= before.threads() + 4
        && descriptors <= before.descriptors() + 4
        && mappings <= before.mappings() + 50;
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }
}
