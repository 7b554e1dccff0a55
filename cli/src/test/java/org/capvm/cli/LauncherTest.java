package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code cvm} at the top of the source tree. */
final class LauncherTest {

  private static final Path LAUNCHER = Path.of("..", "cvm").toAbsolutePath().normalize();

  @TempDir private Path directory;

  @Test
  void theVersionIsAllThatAppears() throws Exception {
    run(Map.of(), "--version"); // May build, and say so.
    Result result = run(Map.of(), "--version");
    assertThat(result.error()).isEmpty();
    assertThat(result.output()).startsWith("cvm ").hasLineCount(1);
    assertThat(result.status()).isZero();
  }

  @Test
  void aLinkToTheLauncherWorksFromAnyDirectory() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("link to cvm"), LAUNCHER);
    Result result = runProgram(Map.of(), link, "--version");
    Files.delete(link);
    assertThat(result.status()).isZero();
    assertThat(result.output()).startsWith("cvm ");
  }

  @Test
  void anUnknownCommandIsAFailureOfCapVm() throws Exception {
    Result result = run(Map.of(), "no-such-command");
    assertThat(result.status()).isEqualTo(Main.FAILURE);
    assertThat(result.error()).contains("no-such-command");
    assertThat(result.output()).isEmpty();
  }

  @Test
  void aDirectoryWithoutANewEnoughJdkIsRefusedInOneLine() throws Exception {
    Files.createDirectory(directory.resolve("bin"));
    Files.createFile(
        directory.resolve("bin/javac"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Files.writeString(directory.resolve("release"), "JAVA_VERSION=\"24.0.2\"\n");
    Result result = run(Map.of("CAPVM_JAVA_HOME", directory.toString()), "--version");
    assertThat(result.status()).isEqualTo(Main.FAILURE);
    assertThat(result.error())
        .isEqualTo("cvm: CAPVM_JAVA_HOME does not name a JDK 25 or newer: " + directory + "\n");
  }

  private record Result(int status, String output, String error) {}

  private Result run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    return runProgram(environment, LAUNCHER, arguments);
  }

  private Result runProgram(Map<String, String> environment, Path program, String... arguments)
      throws IOException, InterruptedException {
    Path output = directory.resolve("output");
    Path error = directory.resolve("error");
    ProcessBuilder builder =
        new ProcessBuilder(
                Stream.concat(Stream.of(program.toString()), Stream.of(arguments)).toList())
            .directory(directory.toFile())
            .redirectOutput(output.toFile())
            .redirectError(error.toFile());
    builder.environment().putAll(environment);
    int status = builder.start().waitFor();
    return new Result(status, Files.readString(output), Files.readString(error));
  }
}
