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

  static HostResources now() throws IOException {
    Path self = Path.of("/proc/self");
    try (Stream<String> mappings = Files.lines(self.resolve("maps"))) {
      return new HostResources(
          count(self.resolve("task")), count(self.resolve("fd")), mappings.count());
    }
  }

  /** Fails unless this is, but for what a JVM does by itself, no more than before. */
  void assertNotGrownSince(HostResources before) {
    assertThat(threads).as("threads").isLessThanOrEqualTo(before.threads() + 4);
    assertThat(descriptors).as("descriptors").isLessThanOrEqualTo(before.descriptors() + 4);
    assertThat(mappings).as("mappings").isLessThanOrEqualTo(before.mappings() + 50);
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }
}
