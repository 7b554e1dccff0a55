package org.capvm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Where tests find their guests' sources and leave their files. */
final class TestPaths {
  /** Sources of the programs that run as guests. */
  static final Path GUEST_SOURCES = Path.of("src/test/guest").toAbsolutePath();

  /** What was built of them. */
  static final Path GUEST_PROGRAMS = Path.of("target/guest").toAbsolutePath();

  /** The compiled tests. */
  static final Path TEST_CLASSES = Path.of("target/test-classes").toAbsolutePath();

  private TestPaths() {}

  /** An empty directory for one test's files. */
  static Path scratch(String name) throws IOException {
    Path directory = Path.of("target/scratch", name).toAbsolutePath();
    if (Files.exists(directory)) {
      delete(directory);
    }
    return Files.createDirectories(directory);
  }

  static void delete(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      paths
          .sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.delete(path);
                } catch (IOException failure) {
                  throw new UncheckedIOException(failure);
                }
              });
    }
  }
}
