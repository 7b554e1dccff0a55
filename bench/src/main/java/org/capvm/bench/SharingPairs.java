package org.capvm.bench;

import static org.capvm.bench.MarkdownTable.figure;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.image.HostMount;

/**
 * What CP_Call and CP_File between two cVMs take beside what two native processes have: pipes,
 * AF_UNIX, loopback TCP, and POSIX shared memory with memcpy and futex. The same program on all
 * sides, which times itself; native and confined runs in turn.
 */
final class SharingPairs {
  private static final String OWNER = "ledger";
  private static final int[] SIZES = {8, 64, 4096, 1 << 20};
  private static final List<String> NATIVE_STREAMS = List.of("pipe", "unix", "tcp");

  private final CapVm capVm;
  private final Runner confined;
  private final Path scratch;
  private final String program;
  private final int rounds;

  /**
   * @param program of {@link GuestPrograms#sharing}
   */
  SharingPairs(CapVm capVm, Command program, int rounds) {
    this.capVm = capVm;
    this.confined = new ConfinedRunner(capVm, List.of());
    this.scratch = program.directory();
    this.program = program.words().getFirst();
    this.rounds = rounds;
  }

  String tables() throws IOException, InterruptedException {
    Figures figures = new Figures();
    Path output = scratch.resolve("sharing.output");
    for (int round = 0; round < rounds; round++) {
      Runner.host().run(Command.of(scratch, program, "native"), output);
      figures.collect(output);
      try (Cvm owner = capVm.start(owner())) {
        confined.run(Command.of(scratch, program, "use", OWNER), output);
        owner.waitFor();
      }
      figures.collect(output);
    }
    return roundTrips(figures.medians()) + "\n" + copies(figures.medians());
  }

  private CvmConfiguration owner() {
    return ConfinedRunner.silent(Command.of(scratch, program, "own"))
        .hostname(OWNER)
        .mount(new HostMount(scratch, scratch.toString(), false))
        .build();
  }

  private static String roundTrips(Map<String, Double> nanos) {
    MarkdownTable table =
        new MarkdownTable("ns", "pipe", "AF_UNIX", "TCP", "memory and futex", "two cVMs");
    table.row(
        "round trip of words; CP_Call",
        figure(nanos.get("call-pipe"), 0),
        figure(nanos.get("call-unix"), 0),
        figure(nanos.get("call-tcp"), 0),
        figure(nanos.get("notify-round-futex"), 0),
        figure(nanos.get("call-capability"), 0));
    for (String wait : List.of("round", "first", "asleep")) {
      String what =
          switch (wait) {
            case "round" -> "word changed, and back";
            case "first" -> "wake-up of a sleeper, the first 501";
            default -> "wake-up of a sleeper, after 3,000";
          };
      table.row(
          what + "; CP_File notify",
          "",
          "",
          "",
          figure(nanos.get("notify-" + wait + "-futex"), 0),
          figure(nanos.get("notify-" + wait + "-capability"), 0));
    }
    return table.toString();
  }

  private static String copies(Map<String, Double> nanos) {
    MarkdownTable table =
        new MarkdownTable(
            "Copy, ns",
            "pipe",
            "AF_UNIX",
            "TCP",
            "memcpy",
            "CP_File read",
            "CP_File write",
            "memcpy / read",
            "memcpy / write");
    for (int size : SIZES) {
      String name = "copy-" + size + "-";
      double memcpy = nanos.get(name + "memcpy");
      double read = nanos.get(name + "read");
      double write = nanos.get(name + "write");
      List<String> cells =
          new ArrayList<>(
              NATIVE_STREAMS.stream().map(how -> figure(nanos.get(name + how), 0)).toList());
      cells.addFirst("%,d bytes".formatted(size));
      cells.addAll(List.of(figure(memcpy, 0), figure(read, 0), figure(write, 0)));
      cells.addAll(List.of(figure(memcpy / read, 2), figure(memcpy / write, 2)));
      table.row(cells.toArray(String[]::new));
    }
    return table.toString();
  }
}
