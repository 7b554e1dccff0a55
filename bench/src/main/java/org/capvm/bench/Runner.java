package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A way to run a command to its end. */
interface Runner {

  /**
   * Runs a command; its standard output goes to a file, its errors to the one beside it.
   *
   * @return wall time from start to end in nanoseconds
   * @throws BenchmarkException if the command does not end with status 0
   */
  long run(Command command, Path output) throws IOException, InterruptedException;

  /** As a process of the host. */
  static Runner host() {
    return (command, output) -> {
      ProcessBuilder builder =
          new ProcessBuilder(command.words())
              .directory(command.directory().toFile())
              .redirectOutput(output.toFile())
              .redirectError(errorOf(output).toFile());
      long start = System.nanoTime();
      int status = builder.start().waitFor();
      long nanos = System.nanoTime() - start;
      if (status != 0) {
        throw new BenchmarkException(command.words() + " ended natively with status " + status);
      }
      return nanos;
    };
  }

  /** Where the standard error stream of a run goes. */
  static Path errorOf(Path output) {
    return output.resolveSibling(output.getFileName() + ".error");
  }

  /** The processor time that the benchmark of the last run reported, in nanoseconds. */
  static long processorNanos(Path output) throws IOException {
    return Long.parseLong(Files.readString(errorOf(output)).trim());
  }

  /** What a run has written. */
  static String text(Path output) throws IOException {
    return Files.readString(output);
  }
}
