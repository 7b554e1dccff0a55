package org.capvm.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.capvm.engine.Differential.Outcome;

/** Runs a command as an ordinary process of the host. */
final class NativeRun {
  private NativeRun() {}

  static Outcome run(
      List<String> command,
      Map<String, String> environment,
      Path workingDirectory,
      Path scratch,
      Duration limit)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("native.output");
    Path error = scratch.resolve("native.error");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(workingDirectory.toFile())
            .redirectInput(scratch.resolve("input").toFile())
            .redirectOutput(output.toFile())
            .redirectError(error.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError(command + " did not end natively within " + limit);
    }
    return Outcome.read(process.exitValue(), output, error);
  }
}
