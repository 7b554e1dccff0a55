package org.capvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One way to run the demo's programs: Redis, a service beside it, and a client of both. Redis and
 * the service run from the start until the side is closed.
 */
sealed interface DemoSide extends AutoCloseable permits NativeSide, ConfinedSide {
  /** How long a client may take before something is wrong. */
  long LIMIT_SECONDS = 60;

  /**
   * Runs the client once.
   *
   * @param seconds how long each figure is measured
   * @return how often a second each thing was done, by the figure's name
   * @throws DemoException if a program does not do what it should
   */
  Map<String, Double> measure(double seconds) throws IOException, InterruptedException;

  @Override
  void close();

  /** Reads what a client printed: lines of a name and a number. */
  static Map<String, Double> figures(Path output) throws IOException {
    Map<String, Double> figures = new HashMap<>();
    for (String line : Files.readAllLines(output)) {
      int space = line.indexOf(' ');
      figures.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
    }
    return figures;
  }

  /** What is wrong with a client, by the last line it wrote to its standard error. */
  static DemoException failure(String side, Path error) throws IOException {
    List<String> lines = Files.readAllLines(error);
    return new DemoException(
        side + ": Python " + (lines.isEmpty() ? "ended too early" : "said " + lines.getLast()));
  }
}
