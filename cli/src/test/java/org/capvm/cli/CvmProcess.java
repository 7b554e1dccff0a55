package org.capvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the {@code cvm} command as users do: in a JVM of its own, with real descriptors and signals.
 */
final class CvmProcess {
  private static final long LIMIT_SECONDS = 60;

  private CvmProcess() {}

  /** The words that start {@code cvm} with these arguments. */
  static List<String> words(String... arguments) {
    List<String> words = new ArrayList<>();
    words.add(ProcessHandle.current().info().command().orElseThrow());
    words.add("-XX:+UseSerialGC");
    words.add(
        "--enable-native-access=org.capvm.machine,org.capvm.monitor,org.capvm.libos,org.capvm.engine");
    words.add("--module-path=" + System.getProperty("jdk.module.path"));
    words.add("--module=org.capvm.cli/org.capvm.cli.Main");
    words.addAll(List.of(arguments));
    return words;
  }

  /** Runs {@code cvm} with nothing on its standard input. */
  static Result run(String... arguments) throws IOException, InterruptedException {
    return run(new ProcessBuilder(words(arguments)).redirectInput(Path.of("/dev/null").toFile()));
  }

  /** Runs a prepared process and reads what it writes. */
  static Result run(ProcessBuilder builder) throws IOException, InterruptedException {
    Path output = Files.createTempFile("cvm", ".output");
    Path error = Files.createTempFile("cvm", ".error");
    try {
      Process process =
          builder.redirectOutput(output.toFile()).redirectError(error.toFile()).start();
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError(builder.command() + " did not end: " + Files.readString(error));
      }
      return new Result(
          process.exitValue(),
          Files.readString(output, StandardCharsets.UTF_8),
          Files.readString(error, StandardCharsets.UTF_8));
    } finally {
      Files.delete(output);
      Files.delete(error);
    }
  }

  /**
   * What a command left behind.
   *
   * @param status its exit status
   * @param output what it wrote
   * @param errorText what it wrote to the standard error stream
   */
  record Result(int status, String output, String errorText) {}
}
