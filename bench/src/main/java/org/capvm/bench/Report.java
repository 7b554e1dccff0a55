package org.capvm.bench;

import static org.capvm.bench.MarkdownTable.figure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The measurements, each giving its part of the README's figures. */
final class Report {
  private final Runner confined;
  private final Path scratch;
  private final int rounds;

  Report(Runner confined, Path scratch, int rounds) {
    this.confined = confined;
    this.scratch = scratch;
    this.rounds = rounds;
  }

  /** The machine and the JDK all figures are of. */
  static String platform() throws IOException {
    String processor =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 2))
            .findFirst()
            .orElse("unknown processor");
    return "%d x %s, Linux %s, JDK %s"
        .formatted(
            Runtime.getRuntime().availableProcessors(),
            processor,
            System.getProperty("os.version"),
            Runtime.version());
  }

  /** Processor time of CPU-bound programs: other work on the machine falsifies wall time. */
  String processor(String title, List<Command> commands) throws IOException, InterruptedException {
    MarkdownTable table = new MarkdownTable(title, "native ms", "cVM ms", "ratio");
    double logarithms = 0;
    for (Command command : commands) {
      PairedRun run = PairedRun.measure(confined, command, scratch, rounds);
      logarithms += Math.log(run.ratio());
      table.row(
          Path.of(command.words().getLast()).getFileName().toString(),
          millis(run.nativeNanos()),
          millis(run.confinedNanos()),
          figure(run.ratio(), 2));
    }
    double mean = Math.exp(logarithms / commands.size());
    return table.row("geometric mean", "", "", figure(mean, 2)).toString();
  }

  /** Medians over runs of a program that prints lines of a name and a figure, less being better. */
  String figures(String title, String unit, Command command)
      throws IOException, InterruptedException {
    Figures natively = new Figures();
    Figures confinedly = new Figures();
    Path output = scratch.resolve("figures.output");
    for (int round = 0; round < rounds; round++) {
      Runner.host().run(command, output);
      natively.collect(output);
      confined.run(command, output);
      confinedly.collect(output);
    }
    MarkdownTable table = new MarkdownTable(title, "native " + unit, "cVM " + unit, "ratio");
    natively
        .all()
        .forEach((name, figures) -> table.compare(name, figures, confinedly.all().get(name)));
    return table.toString();
  }

  /** Wall time of the whole {@code cvm} command, JVM start included. */
  String startUp(Path launcher) throws IOException, InterruptedException {
    MarkdownTable table = new MarkdownTable("Start", "native ms", "cvm run ms");
    List<Command> commands = new ArrayList<>();
    commands.add(Command.of(scratch, "/bin/true"));
    commands.add(Command.of(scratch, "/usr/bin/python3", "-c", "pass"));
    Path output = scratch.resolve("start.output");
    for (Command command : commands) {
      Command launched = command.behind(List.of(launcher.toString(), "run", "--"));
      long[] nativeTimes = new long[rounds];
      long[] launchedTimes = new long[rounds];
      Runner.host().run(launched, output);
      for (int round = 0; round < rounds; round++) {
        nativeTimes[round] = Runner.host().run(command, output);
        launchedTimes[round] = Runner.host().run(launched, output);
      }
      table.row(
          "`" + String.join(" ", command.words()) + "`",
          millis(PairedRun.median(nativeTimes)),
          millis(PairedRun.median(launchedTimes)));
    }
    return table.toString();
  }

  static double median(List<Double> figures) {
    return figures.stream().sorted().skip(figures.size() / 2).findFirst().orElseThrow();
  }

  private static String millis(long nanos) {
    return figure(nanos / 1e6, nanos < 20_000_000 ? 1 : 0);
  }
}
