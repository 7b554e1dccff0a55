package org.capvm.bench;

import static org.capvm.bench.MarkdownTable.figure;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.engine.StandardStream;
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

  StreamPairs(CapVm capVm, Path repository, Path scratch, int rounds)
      throws IOException, InterruptedException {
    this.capVm = capVm;
    this.confined = new ConfinedRunner(capVm, List.of());
    this.scratch = scratch;
    this.rounds = rounds;
    program = scratch.resolve("streams").toString();
    Path binding = repository.resolve("engine/src/main/guest");
    Path source = repository.resolve("bench/src/guest/capability/streams.c");
    List<String> words =
        List.of(
            "gcc",
            "-O2",
            "-I" + binding,
            "-o",
            program,
            source.toString(),
            binding.resolve("capvm.c").toString());
    if (new ProcessBuilder(words).inheritIO().start().waitFor() != 0) {
      throw new BenchmarkException("cannot compile " + source);
    }
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
    double socket = Report.median(natively);
    double stream = Report.median(confinedly);
    table.row(name, figure(socket, 0), figure(stream, 0), figure(stream / socket, 2));
  }

  private CvmConfiguration owner(String what, String count) {
    return CvmConfiguration.builder(program)
        .arguments(List.of("own", "s", what, count))
        .hostname(OWNER)
        .mount(new HostMount(scratch, scratch.toString(), false))
        .standardInput(StandardStream.discarded())
        .standardOutput(StandardStream.discarded())
        .standardError(StandardStream.discarded())
        .build();
  }
}
