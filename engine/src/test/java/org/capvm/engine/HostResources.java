package org.capvm.engine;

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

  private static long count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }
}
