package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.capvm.engine.CapVm;

/**
 * Prints CapVM's figures beside native ones as Markdown tables. Usage: {@code bench/run [--rounds
 * N] [PART...]}, where a part is {@code c}, {@code python}, {@code syscalls}, {@code processes},
 * {@code start}, {@code streams}, {@code redis} or {@code nginx}; without one, all are measured.
 */
public final class Main {
  private static final int DEFAULT_ROUNDS = 5;

  private Main() {}

  /**
   * Measures.
   *
   * @param arguments the repository's directory, then the parts
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path repository = Path.of(arguments[0]).toAbsolutePath();
    List<String> parts = new ArrayList<>(List.of(arguments).subList(1, arguments.length));
    int rounds = DEFAULT_ROUNDS;
    if (parts.size() >= 2 && parts.getFirst().equals("--rounds")) {
      rounds = Integer.parseInt(parts.get(1));
      parts.subList(0, 2).clear();
    }
    if (parts.isEmpty()) {
      parts = List.of("c", "python", "syscalls", "processes", "start", "streams", "redis", "nginx");
    }
    Path scratch = Files.createDirectories(repository.resolve("bench/target/scratch"));
    GuestPrograms programs = new GuestPrograms(repository.resolve("bench/src/guest"), scratch);
    try (CapVm capVm = CapVm.open(false)) {
      Report report = new Report(new ConfinedRunner(capVm, List.of()), scratch, rounds);
      System.out.println(Report.platform() + "; medians of " + rounds + " pairs\n");
      for (String part : parts) {
        System.out.println(
            switch (part) {
              case "c" -> report.processor("C and C++", programs.compiled());
              case "python" -> report.processor("Python", programs.python());
              case "syscalls" -> report.figures("System call", "ns", programs.systemCalls());
              case "processes" ->
                  report.figures("Processes and threads", "µs", programs.processes());
              case "start" -> report.startUp(repository.resolve("cvm"));
              case "streams" ->
                  new StreamPairs(capVm, repository, scratch, rounds).table()
                      + "\n"
                      + streams(capVm, scratch, rounds);
              case "redis" -> new PublishedServers(capVm, scratch, rounds).redis();
              case "nginx" -> new PublishedServers(capVm, scratch, rounds).nginx();
              default -> throw new BenchmarkException("no such part: " + part);
            });
      }
    }
  }

  private static String streams(CapVm capVm, Path scratch, int rounds)
      throws IOException, InterruptedException {
    try (Streams streams = new Streams(capVm, scratch, rounds)) {
      return streams.redis();
    }
  }
}
