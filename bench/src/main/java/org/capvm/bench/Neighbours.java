package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.image.HostMount;

/**
 * What a cVM still gets done beside one that takes a resource until it is refused, gives all of it
 * back and begins again: as a fraction of what it gets done alone.
 *
 * <p>Of two processors the neighbour's fair share is one. Its work uses one at a time, but the two
 * ends of its pipe, alone, watch for each other on both. So the pipe is also compared with itself
 * alone on a single processor: that is the fraction of its fair share.
 *
 * <p>What a processor gets done depends on what the other does: they share caches, memory and, in a
 * virtual machine, the host's page tables. So where it can be, the same is measured natively too,
 * neighbour and attacker pinned to a processor each: no division of processors leaves more than
 * that.
 */
final class Neighbours {
  /** All attacks, as {@code exhaust.c} calls them. */
  static final List<String> ATTACKS =
      List.of(
          "loops",
          "memory",
          "mappings",
          "threads",
          "processes",
          "zombies",
          "descriptors",
          "tables",
          "files",
          "unnamed",
          "interests",
          "pipes",
          "streams",
          "datagrams",
          "passed",
          "locks",
          "timers",
          "signals",
          "disk",
          "names",
          "attributes",
          "capabilities",
          "code");

  /** So long an attack goes on before the neighbour starts. */
  private static final int HEAD_START_MILLIS = 500;

  private static final long MEMORY_BYTES = 512L << 20;
  private static final long DISK_BYTES = 256L << 20;
  private static final int TASKS = 512;

  private final CapVm capVm;
  private final Runner confined;
  private final Path scratch;
  private final Command neighbour;
  private final Command onOneProcessor;
  private final Command attacker;
  private final int rounds;

  Neighbours(CapVm capVm, Path scratch, Command neighbour, Command attacker, int rounds) {
    this.capVm = capVm;
    this.confined = new ConfinedRunner(capVm, List.of());
    this.scratch = scratch;
    this.neighbour = neighbour;
    this.onOneProcessor = neighbour.with("one");
    this.attacker = attacker;
    this.rounds = rounds;
  }

  /** A row for each of some attacks. */
  String table(List<String> attacks) throws IOException, InterruptedException {
    MarkdownTable table =
        new MarkdownTable(
            "Attack beside the neighbour",
            "work, of alone",
            "natively",
            "pipe, of alone on one processor",
            "natively",
            "pipe, of alone");
    // The first runs also let the JVM compile what they take.
    measure(confined, neighbour, new HashMap<>());
    measure(confined, onOneProcessor, new HashMap<>());
    for (String attack : attacks) {
      Map<String, List<Double>> alone = new HashMap<>();
      Map<String, List<Double>> aloneOnOne = new HashMap<>();
      Map<String, List<Double>> attacked = new HashMap<>();
      Map<String, List<Double>> nativelyAlone = new HashMap<>();
      Map<String, List<Double>> nativelyAttacked = new HashMap<>();
      for (int round = 0; round < rounds; round++) {
        measure(confined, neighbour, alone);
        measure(confined, onOneProcessor, aloneOnOne);
        try (Cvm cvm = attack(attack)) {
          Thread.sleep(HEAD_START_MILLIS);
          measure(confined, neighbour, attacked);
          cvm.kill();
          cvm.waitFor();
        }
        if (NativeAttack.isPossible(attack)) {
          measure(Runner.host(), onOneProcessor, nativelyAlone);
          Command again = attacker.with(attack).with("again");
          try (NativeAttack _ = new NativeAttack(again, TASKS, MEMORY_BYTES)) {
            Thread.sleep(HEAD_START_MILLIS);
            measure(Runner.host(), onOneProcessor, nativelyAttacked);
          }
        }
      }
      table.row(
          attack,
          ratio("work", alone, attacked),
          ratio("work", nativelyAlone, nativelyAttacked),
          ratio("pipe", aloneOnOne, attacked),
          ratio("pipe", nativelyAlone, nativelyAttacked),
          ratio("pipe", alone, attacked));
    }
    return table.toString();
  }

  private Cvm attack(String resource) {
    String directory = scratch.toString();
    return capVm.start(
        ConfinedRunner.silent(attacker)
            .arguments(List.of(resource, "again"))
            .mount(new HostMount(scratch, directory, true))
            .workingDirectory(directory)
            .memoryLimitBytes(MEMORY_BYTES)
            .diskLimitBytes(DISK_BYTES)
            .taskLimit(TASKS)
            .build());
  }

  private void measure(Runner runner, Command command, Map<String, List<Double>> figures)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("neighbour.output");
    runner.run(command, output);
    for (String line : Files.readAllLines(output)) {
      String[] words = line.split(" ", 2);
      figures.computeIfAbsent(words[0], _ -> new ArrayList<>()).add(Double.valueOf(words[1]));
    }
  }

  private static String ratio(
      String name, Map<String, List<Double>> alone, Map<String, List<Double>> attacked) {
    if (attacked.isEmpty()) {
      return "";
    }
    return MarkdownTable.figure(
        Report.median(attacked.get(name)) / Report.median(alone.get(name)), 2);
  }
}
