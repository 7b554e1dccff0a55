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
 * back and begins again: as a fraction of what it gets done alone. With two processors that is its
 * fair share, because the neighbour never runs more than one thread at a time.
 */
final class Neighbours {
  private static final List<String> ATTACKS =
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
  private final Path scratch;
  private final Command neighbour;
  private final Command attacker;
  private final int rounds;

  Neighbours(CapVm capVm, Path scratch, Command neighbour, Command attacker, int rounds) {
    this.capVm = capVm;
    this.scratch = scratch;
    this.neighbour = neighbour;
    this.attacker = attacker;
    this.rounds = rounds;
  }

  String table() throws IOException, InterruptedException {
    MarkdownTable table =
        new MarkdownTable("Attack beside the neighbour", "work, of alone", "pipe, of alone");
    // The first run also lets the JVM compile what it takes.
    measure(new HashMap<>());
    for (String attack : ATTACKS) {
      Map<String, List<Double>> alone = new HashMap<>();
      Map<String, List<Double>> attacked = new HashMap<>();
      for (int round = 0; round < rounds; round++) {
        measure(alone);
        try (Cvm cvm = attack(attack)) {
          Thread.sleep(HEAD_START_MILLIS);
          measure(attacked);
          cvm.kill();
          cvm.waitFor();
        }
      }
      table.row(attack, ratio("work", alone, attacked), ratio("pipe", alone, attacked));
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

  private void measure(Map<String, List<Double>> figures) throws IOException, InterruptedException {
    Path output = scratch.resolve("neighbour.output");
    new ConfinedRunner(capVm, List.of()).run(neighbour, output);
    for (String line : Files.readAllLines(output)) {
      String[] words = line.split(" ", 2);
      figures.computeIfAbsent(words[0], _ -> new ArrayList<>()).add(Double.valueOf(words[1]));
    }
  }

  private static String ratio(
      String name, Map<String, List<Double>> alone, Map<String, List<Double>> attacked) {
    return MarkdownTable.figure(
        Report.median(attacked.get(name)) / Report.median(alone.get(name)), 2);
  }
}
