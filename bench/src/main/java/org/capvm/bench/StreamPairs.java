package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.image.HostMount;

/**
 * What a CP_Stream between two cVMs does beside an AF_UNIX socket between two native processes: the
 * same program on both sides of both, which times itself.
 */
final class StreamPairs {
  private static final String OWNER = "spring";

  private final CapVm capVm;
  private final Runner confined;
  private final Path scratch;
  private final String program;
  private final int rounds;

  /**
   * @param program of {@link GuestPrograms#streams}
   */
  StreamPairs(CapVm capVm, Command program, int rounds) {
    this.capVm = capVm;
    this.confined = new ConfinedRunner(capVm, List.of());
    this.scratch = program.directory();
    this.program = program.words().getFirst();
    this.rounds = rounds;
  }

  String table() throws IOException, InterruptedException {
    MarkdownTable table =
        new MarkdownTable("Streams", "native AF_UNIX", "CP_Stream", "CP_Stream / native");
    row(table, "round trip of 1 byte, ns", "round", "200000");
    row(table, "messages of 64 KiB, MB/s", "bulk", "40000");
    return table.toString();
  }

  private void row(MarkdownTable table, String name, String what, String count)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("streams.output");
    List<Double> natively = new ArrayList<>();
    List<Double> confinedly = new ArrayList<>();
    for (int round = 0; round <= rounds; round++) {
      Runner.host().run(Command.of(scratch, program, "pair", what, count), output);
      double socket = Double.parseDouble(Runner.text(output));
      try (Cvm owner = capVm.start(owner(what, count))) {
        confined.run(Command.of(scratch, program, "open", OWNER + "/s", what, count), output);
        owner.waitFor();
      }
      // The first of each does not count.
      if (round > 0) {
        natively.add(socket);
        confinedly.add(Double.parseDouble(Runner.text(output)));
      }
    }
    table.compare(name, natively, confinedly);
  }

  private CvmConfiguration owner(String what, String count) {
    return ConfinedRunner.silent(Command.of(scratch, program, "own", "s", what, count))
        .hostname(OWNER)
        .mount(new HostMount(scratch, scratch.toString(), false))
        .build();
  }
}
