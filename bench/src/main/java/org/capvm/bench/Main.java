package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.capvm.engine.CapVm;

/**
 * Prints CapVM's figures beside native ones as Markdown tables. Usage: {@code bench/run [--rounds
 * N] [PART...]}, where a part is {@code c}, {@code python}, {@code syscalls}, {@code processes},
 * {@code start}, {@code streams}, {@code sharing}, {@code redis}, {@code nginx}, {@code neighbours}
 * or, for some of the attacks on neighbours, {@code neighbours=ATTACK,...}; without one, all are
 * measured.
 */
public final class Main {
  private static final int DEFAULT_ROUNDS = 5;
  private static final int BAD_ARGUMENTS = 2;
  private static final String NEIGHBOURS = "neighbours";

  private Main() {}

  /** A measurement that gives a table. */
  @FunctionalInterface
  private interface Part {
    String measure() throws IOException, InterruptedException;
  }

  /**
   * Measures.
   *
   * @param arguments the repository's directory, then the parts
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path repository = Path.of(arguments[0]).toAbsolutePath();
    List<String> names = new ArrayList<>(List.of(arguments).subList(1, arguments.length));
    int rounds = DEFAULT_ROUNDS;
    if (names.size() >= 2 && names.getFirst().equals("--rounds")) {
      rounds = Integer.parseInt(names.get(1));
      names.subList(0, 2).clear();
    }
    Path scratch = Files.createDirectories(repository.resolve("bench/target/scratch"));
    GuestPrograms programs = new GuestPrograms(repository.resolve("bench/src/guest"), scratch);
    try (CapVm capVm = CapVm.open(false)) {
      Report report = new Report(new ConfinedRunner(capVm, List.of()), scratch, rounds);
      List<String> attacks = attacks(names);
      Map<String, Part> all = parts(capVm, report, programs, repository, scratch, rounds, attacks);
      if (!all.keySet().containsAll(names)) {
        System.err.println(
            "usage: bench/run [--rounds N] [" + String.join(" | ", all.keySet()) + "]...");
        System.exit(BAD_ARGUMENTS);
      }
      System.out.println(Report.platform() + "; medians of " + rounds + " pairs\n");
      for (String name : names.isEmpty() ? all.keySet() : names) {
        System.out.println(all.get(name).measure());
      }
    }
  }

  /** Takes the attacks that follow {@code neighbours=} from the parts' names; all, without that. */
  private static List<String> attacks(List<String> names) {
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).startsWith(NEIGHBOURS + "=")) {
        String attacks = names.get(i).substring(NEIGHBOURS.length() + 1);
        names.set(i, NEIGHBOURS);
        return List.of(attacks.split(","));
      }
    }
    return Neighbours.ATTACKS;
  }

  private static Map<String, Part> parts(
      CapVm capVm,
      Report report,
      GuestPrograms programs,
      Path repository,
      Path scratch,
      int rounds,
      List<String> attacks) {
    Map<String, Part> parts = new LinkedHashMap<>();
    parts.put("c", () -> report.processor("C and C++", programs.compiled()));
    parts.put("python", () -> report.processor("Python", programs.python()));
    parts.put("syscalls", () -> report.figures("System call", "ns", programs.systemCalls()));
    parts.put(
        "processes", () -> report.figures("Processes and threads", "µs", programs.processes()));
    parts.put("start", () -> report.startUp(repository.resolve("cvm")));
    Path binding = repository.resolve("engine/src/main/guest");
    parts.put(
        "streams",
        () ->
            new StreamPairs(capVm, programs.streams(binding), rounds).table()
                + "\n"
                + streams(capVm, scratch, rounds));
    parts.put("sharing", () -> new SharingPairs(capVm, programs.sharing(binding), rounds).tables());
    parts.put("redis", () -> new PublishedServers(capVm, scratch, rounds).redis());
    parts.put("nginx", () -> new PublishedServers(capVm, scratch, rounds).nginx());
    Path tests = repository.resolve("engine/src/test/guest/c");
    parts.put(
        NEIGHBOURS,
        () ->
            new Neighbours(capVm, scratch, programs.neighbour(), programs.attacker(tests), rounds)
                .table(attacks));
    return parts;
  }

  private static String streams(CapVm capVm, Path scratch, int rounds)
      throws IOException, InterruptedException {
    try (Streams streams = new Streams(capVm, scratch, rounds)) {
      return streams.redis();
    }
  }
}
