package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What is asked of {@code redis-benchmark}, with 50 clients, and how its answer is read. */
final class RedisBenchmark {
  private RedisBenchmark() {}

  /**
   * The command.
   *
   * @param option {@code -p} for a port or {@code -s} for a socket
   * @param where the port or the socket
   * @param depth how many requests a client sends before it waits
   * @param tests as {@code -t} takes them
   * @param requests of each test
   */
  static Command command(
      Path directory, String option, String where, int depth, String tests, int requests) {
    return Command.of(
        directory,
        "/usr/bin/redis-benchmark",
        option,
        where,
        "-c",
        "50",
        "-P",
        Integer.toString(depth),
        "-n",
        Integer.toString(requests),
        "-t",
        tests,
        "--csv");
  }

  /** Requests a second by test, in the order of the output. */
  static Map<String, Double> rates(Path output) throws IOException {
    Map<String, Double> rates = new LinkedHashMap<>();
    for (String line : Files.readAllLines(output)) {
      String[] cells = line.split("\"", -1);
      if (cells.length > 3 && !cells[1].equals("test")) {
        rates.put(cells[1], Double.valueOf(cells[3]));
      }
    }
    if (rates.isEmpty()) {
      throw new BenchmarkException("no figure in " + output);
    }
    return rates;
  }
}
