package org.capvm.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.capvm.image.DebianRoot;
import org.capvm.libos.abi.Signal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cvm demo}: Redis and Python, as native processes and in two cVMs. */
@Command(
    name = "demo",
    description = {
      "Runs Redis and Python in two cVMs of one address space, and prints what they do in a second"
          + " beside the same programs run as native processes.",
      "",
      "The programs are Debian's. The first time their packages are fetched and unpacked into a"
          + " directory, by apt-get with a configuration of its own: no rights of root are needed"
          + " and nothing else of the host changes. The rest takes less than a minute.",
      "The status is 0, or 125 if the programs cannot be fetched or do not do what they should."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class DemoCommand implements Callable<Integer> {
  private static final List<String> PACKAGES = List.of("redis-server", "redis-tools", "python3");
  private static final String KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
  private static final String LINE = "%-33s %-13s %9s   %-16s %9s %7s";

  /** What a shell adds to the number of the signal that ended a program. */
  private static final int SIGNALLED = 128;

  /**
   * How long it is watched beforehand what else the machine does, and from what share of idle time
   * on it counts as idle. With other work, native programs need not wake sleeping processors, and
   * cVMs that watch for an answer take processors from whoever is to give it.
   */
  private static final Duration IDLE_SAMPLE = Duration.ofMillis(500);

  private static final double IDLE_ENOUGH = 0.9;

  private static final List<Integer> ENDING =
      List.of(Signal.SIGHUP, Signal.SIGINT, Signal.SIGQUIT, Signal.SIGTERM);

  private static final List<String> PROGRAMS =
      List.of("usr/lib64/ld-linux-x86-64.so.2", "usr/bin/redis-server", "usr/bin/python3");

  /** A row of the table: what is done, and by what natively and between cVMs. */
  private record Row(String figure, String what, String natively, String confined) {}

  private static final List<Row> ROWS =
      List.of(
          new Row("get-tcp", "Redis GET", "loopback TCP", "link"),
          new Row("get-unix", "Redis GET", "AF_UNIX", "AF_UNIX link"),
          new Row("get-pipeline", "Redis GET, 16 in a pipeline", "loopback TCP", "link"),
          new Row("get-call", "Redis GET by a service's call", "AF_UNIX, mmap", "CP_Call, CP_File"),
          new Row("call", "call of a Python function", "AF_UNIX", "CP_Call"),
          new Row("read", "64 KiB of shared memory read", "mmap", "CP_File"));

  @Spec private CommandSpec specification;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = "Where the unpacked packages are kept (default: ~/.cache/capvm/demo).")
  private Path directory = defaultDirectory();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description =
          "Fetch nothing: take /usr/bin/redis-server and /usr/bin/python3 of this Debian file"
              + " tree.")
  private Path root;

  @Option(
      names = "--mirror",
      paramLabel = "URL",
      defaultValue = "http://deb.debian.org/debian",
      description = "The Debian mirror they come from (default: ${DEFAULT-VALUE}).")
  private String mirror;

  @Option(
      names = "--seconds",
      paramLabel = "SECONDS",
      defaultValue = "0.4",
      description = "How long each figure is measured in a round (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--rounds",
      paramLabel = "COUNT",
      defaultValue = "3",
      description =
          "How often each side is measured, in turn, after a first time that does not count"
              + " (default: ${DEFAULT-VALUE}).")
  private int rounds;

  private static Path defaultDirectory() {
    return Stream.of(
            variable("XDG_CACHE_HOME"), variable("HOME").map(home -> home.resolve(".cache")))
        .flatMap(Optional::stream)
        .findFirst()
        .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
        .resolve("capvm")
        .resolve("demo");
  }

  private static Optional<Path> variable(String name) {
    return Optional.ofNullable(System.getenv(name)).filter(value -> !value.isEmpty()).map(Path::of);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rounds < 1 || !(seconds > 0)) {
      throw new IllegalArgumentException("there must be a round, and time above 0");
    }
    AtomicInteger endedBy = new AtomicInteger();
    Thread here = Thread.currentThread();
    TerminalSignals.forward(
        signal -> {
          if (ENDING.contains(signal)) {
            endedBy.set(signal);
            here.interrupt();
          }
        });
    try {
      Path programs = root == null ? fetched() : root.toAbsolutePath().normalize();
      for (String name : PROGRAMS) {
        if (!Files.isExecutable(programs.resolve(name))) {
          throw new IOException(
              programs + " is no Debian file tree with Redis and Python: it has no " + name);
        }
      }
      measure(programs);
      return 0;
    } catch (IOException | InterruptedException | RuntimeException failure) {
      // What an interruption or the end of a native program made fail.
      if (endedBy.get() == 0) {
        throw failure;
      }
      return SIGNALLED + endedBy.get();
    }
  }

  private void measure(Path programs) throws IOException, InterruptedException {
    double idle = ProcessorTime.idleShare(IDLE_SAMPLE);
    if (idle < IDLE_ENOUGH) {
      say(
          "The processors are only %.0f %% idle: the ratios below are not those of an idle machine."
              .formatted(100 * idle));
    }
    say("Redis and Python, natively and in two cVMs in turn ...");
    List<Map<String, Double>> natively = new ArrayList<>();
    List<Map<String, Double>> confined = new ArrayList<>();
    try (DemoFiles files = DemoFiles.make(programs);
        DemoSide processes = new NativeSide(files);
        DemoSide cvms = new ConfinedSide(files)) {
      for (int round = 0; round <= rounds; round++) {
        Map<String, Double> nativeFigures = processes.measure(seconds);
        Map<String, Double> confinedFigures = cvms.measure(seconds);
        if (round > 0) {
          natively.add(nativeFigures);
          confined.add(confinedFigures);
        }
      }
    }
    PrintWriter output = specification.commandLine().getOut();
    print(output, LINE.formatted("times a second", "native", "", "two cVMs", "", "ratio"));
    for (Row row : ROWS) {
      double nativeRate = median(natively, row.figure());
      double confinedRate = median(confined, row.figure());
      print(
          output,
          LINE.formatted(
              row.what(),
              row.natively(),
              rate(nativeRate),
              row.confined(),
              rate(confinedRate),
              String.format(Locale.ROOT, "%.2f", confinedRate / nativeRate)));
    }
  }

  private Path fetched() throws IOException, InterruptedException {
    if (!Files.exists(Path.of(KEYRING))) {
      throw new IOException(
          "there is no " + KEYRING + "; install the package debian-archive-keyring, or say --root");
    }
    try {
      Files.createDirectories(directory);
    } catch (IOException failure) {
      throw new IOException(
          "cannot make the directory " + directory + "; say another one with --directory", failure);
    }
    return new DebianRoot("deb [signed-by=" + KEYRING + "] " + mirror + " bookworm main", PACKAGES)
        .prepare(directory.toAbsolutePath().normalize(), this::say);
  }

  private void say(String line) {
    print(specification.commandLine().getErr(), line);
  }

  private static void print(PrintWriter writer, String line) {
    writer.println(line);
    writer.flush();
  }

  private static String rate(double value) {
    return String.format(Locale.ROOT, "%,.0f", value);
  }

  private static double median(List<Map<String, Double>> runs, String figure) {
    List<Double> sorted = runs.stream().map(run -> run.get(figure)).sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
