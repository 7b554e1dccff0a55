package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs that are added to a running cVM. */
@Timeout(60)
final class ExecTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  @Test
  void whatAProgramLeftRunningStillHasItsStreams() throws Exception {
    Path output = TestPaths.scratch("exec").resolve("output");
    try (Cvm cvm = ConfinedRun.capVm().start(sleeping())) {
      String script = "(while [ ! -e /tmp/go ]; do sleep 0.01; done; echo late) & echo early";
      try (RunningProgram program = cvm.exec(shell(script, StandardStream.hostFile(output)))) {
        assertThat(program.waitFor(SOON)).contains(new ExitStatus.Exited(0));
      }
      assertThat(output).hasContent("early\n");
      try (RunningProgram program = cvm.exec(shell("> /tmp/go", StandardStream.discarded()))) {
        assertThat(program.waitFor(SOON)).contains(new ExitStatus.Exited(0));
      }
      long deadline = System.nanoTime() + SOON.toNanos();
      while (!Files.readString(output).contains("late") && System.nanoTime() < deadline) {
        Thread.sleep(10);
      }
      assertThat(output).hasContent("early\nlate\n");
    }
  }

  private static CvmConfiguration sleeping() {
    return CvmConfiguration.builder("/bin/sleep")
        .arguments(List.of("1000"))
        .standardInput(StandardStream.discarded())
        .standardOutput(StandardStream.discarded())
        .standardError(StandardStream.discarded())
        .build();
  }

  private static ProgramStart shell(String script, StandardStream output) {
    return new ProgramStart(
        "/bin/sh",
        List.of("-c", script),
        Map.of(),
        "/",
        StandardStream.discarded(),
        output,
        StandardStream.discarded());
  }
}
