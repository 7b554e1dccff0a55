package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class LockdownTest {
  @TempDir Path directory;

  @Test
  void guestsRunTheSameInAJvmThatIsLockedDown() throws Exception {
    resource("lockdown.py", directory.resolve("lockdown.py"));
    Process process =
        new ProcessBuilder(
                CvmProcess.words(
                    "run",
                    "--lockdown",
                    "-v",
                    directory + ":/here:ro",
                    "/usr/bin/python3",
                    "/here/lockdown.py"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader output = process.inputReader()) {
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        lines.add(output.readLine());
      }
      assertThat(lines).containsExactly("child", "loopback", "mapped", "['c']");
      assertThat(Files.readString(Path.of("/proc/" + process.pid() + "/status")))
          .containsPattern("NoNewPrivs:\\s1")
          .containsPattern("Seccomp:\\s2");
      process.outputWriter().append("\n").close();
      assertThat(process.waitFor()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aLockedDownJvmStartsNoPrograms() throws Exception {
    Path source = directory.resolve("LockedJvm.java");
    resource("LockedJvm.java.txt", source);
    List<String> words =
        List.of(
            ProcessHandle.current().info().command().orElseThrow(),
            "-XX:+UseSerialGC",
            "--enable-native-access=org.capvm.machine,org.capvm.monitor,org.capvm.libos",
            "--module-path=" + System.getProperty("jdk.module.path"),
            "--add-modules=org.capvm.engine",
            source.toString());
    CvmProcess.Result result = CvmProcess.run(new ProcessBuilder(words));
    assertThat(result.output())
        .as(result.errorText())
        .contains("Operation not permitted")
        .endsWith("Exited[code=0]\n")
        .doesNotContain("was started");
  }

  private static void resource(String name, Path target) throws IOException {
    try (var source = LockdownTest.class.getResourceAsStream(name)) {
      Files.copy(source, target);
    }
  }
}
