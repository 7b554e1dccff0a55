package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The programs of {@code src/guest}, compiled with the host's compilers into a scratch directory.
 */
final class GuestPrograms {
  private final Path sources;
  private final Path scratch;

  GuestPrograms(Path sources, Path scratch) {
    this.sources = sources;
    this.scratch = scratch;
  }

  /** The CPU-bound C and C++ programs, as commands, by name. */
  List<Command> compiled() throws IOException, InterruptedException {
    List<Command> commands = new ArrayList<>();
    for (Path source : listed("c")) {
      commands.add(compile(source));
    }
    return commands;
  }

  /** The program that measures system calls. */
  Command systemCalls() throws IOException, InterruptedException {
    return compile(sources.resolve("figures/syscalls.c"));
  }

  /** The program that measures forks, threads, round trips and signals. */
  Command processes() throws IOException, InterruptedException {
    return compile(sources.resolve("figures/processes.c"));
  }

  /** The program that works beside another cVM. */
  Command neighbour() throws IOException, InterruptedException {
    return compile(sources.resolve("figures/neighbour.c"));
  }

  /**
   * The program that takes all of a resource.
   *
   * @param tests the directory of the tests' programs
   */
  Command attacker(Path tests) throws IOException, InterruptedException {
    return compile(tests.resolve("exhaust.c"));
  }

  /**
   * The program that measures streams, one side or both.
   *
   * @param binding the directory of the C binding
   */
  Command streams(Path binding) throws IOException, InterruptedException {
    Path source = sources.resolve("figures/streams.c");
    return compile(source, "-I" + binding, binding.resolve("capvm.c").toString());
  }

  /**
   * The program that measures what is shared, one side or both.
   *
   * @param binding the directory of the C binding
   */
  Command sharing(Path binding) throws IOException, InterruptedException {
    Path source = sources.resolve("figures/sharing.c");
    return compile(source, "-pthread", "-I" + binding, binding.resolve("capvm.c").toString());
  }

  /** The Python programs, as commands. */
  List<Command> python() throws IOException {
    List<Command> commands = new ArrayList<>();
    Path reporter = scratch.resolve("cpu_time.py");
    Files.writeString(reporter, Files.readString(sources.resolve("cpu_time.py")));
    for (Path source : listed("python")) {
      Path copy = scratch.resolve(source.getFileName());
      Files.writeString(copy, Files.readString(source));
      commands.add(Command.of(scratch, "/usr/bin/python3", reporter.toString(), copy.toString()));
    }
    return commands;
  }

  private List<Path> listed(String directory) throws IOException {
    try (Stream<Path> files = Files.list(sources.resolve(directory))) {
      return files.sorted().toList();
    }
  }

  private Command compile(Path source, String... more) throws IOException, InterruptedException {
    boolean cxx = source.toString().endsWith(".cc");
    Path program = scratch.resolve(name(source));
    List<String> words = new ArrayList<>(List.of(cxx ? "g++" : "gcc", "-O2"));
    if (name(source).equals("simd")) {
      words.addAll(List.of("-O3", "-mavx2", "-mfma"));
    }
    words.addAll(List.of("-o", program.toString(), source.toString()));
    words.addAll(List.of(more));
    // The reporter is C in a C++ program, too.
    words.addAll(List.of("-x", "c", sources.resolve("cpu_time.c").toString(), "-lm"));
    if (new ProcessBuilder(words).inheritIO().start().waitFor() != 0) {
      throw new BenchmarkException("cannot compile " + source);
    }
    return Command.of(scratch, program.toString());
  }

  private static String name(Path source) {
    return source.getFileName().toString().replaceFirst("\\.[a-z]+$", "");
  }
}
