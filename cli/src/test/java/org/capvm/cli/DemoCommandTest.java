package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.capvm.cli.CvmProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the demo as users do, with the host's Redis and Python; it fetches nothing. */
final class DemoCommandTest {
  @TempDir private Path directory;

  @Test
  void everyFigureStandsBesideTheNativeOne() throws Exception {
    Result result = demo("--root", "/", "--rounds", "2", "--seconds", "0.02");
    assertThat(result.status()).as(result.errorText()).isZero();
    List<String> lines = result.output().lines().toList();
    assertThat(lines).hasSize(7);
    assertThat(lines.getFirst()).matches("times a second +native +two cVMs +ratio");
    assertThat(lines.subList(1, 7))
        .allSatisfy(line -> assertThat(line).matches(".* [0-9,]+   .* [0-9,]+ +[0-9]+\\.[0-9]{2}"));
    assertThat(lines.get(1)).startsWith("Redis GET ").contains("loopback TCP", "link");
    assertThat(lines.get(4)).contains("AF_UNIX, mmap", "CP_Call, CP_File");
  }

  @Test
  void nothingThatItStartedOrWroteIsLeft() throws Exception {
    assertThat(demo("--root", "/", "--rounds", "1", "--seconds", "0.02").status()).isZero();
    assertNothingIsLeft();
  }

  @Test
  void endedByASignalItEndsItsProgramsToo() throws Exception {
    Process process =
        builder("--root", "/", "--rounds", "1000")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      while (nativePrograms().isEmpty()) {
        assertThat(process.waitFor(20, TimeUnit.MILLISECONDS)).isFalse();
      }
      process.destroy();
      assertThat(process.waitFor()).isEqualTo(128 + 15);
      assertNothingIsLeft();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aHostWithoutAptIsToldWhatIsMissing() throws Exception {
    ProcessBuilder builder = builder("--directory", directory.resolve("kept").toString());
    builder.environment().put("PATH", directory.toString());
    Result result = CvmProcess.run(builder);
    assertThat(result.status()).isEqualTo(125);
    assertThat(result.errorText().lines().toList())
        .last()
        .asString()
        .startsWith("cvm: there is no ");
  }

  @Test
  void aMirrorThatDoesNotAnswerIsNamedInOneLine() throws Exception {
    Result result =
        demo(
            "--directory",
            directory.resolve("kept").toString(),
            "--mirror",
            "http://127.0.0.1:1/debian");
    assertThat(result.status()).isEqualTo(125);
    assertThat(result.output()).isEmpty();
    assertThat(result.errorText().lines().toList()).last().asString().startsWith("cvm: ");
  }

  @Test
  void aDirectoryThatCannotBeMadeIsNamed() throws Exception {
    assertThat(demo("--directory", "/proc/kept"))
        .isEqualTo(
            new Result(
                125,
                "",
                "cvm: cannot make the directory /proc/kept; say another one with --directory\n"));
  }

  @Test
  void aTreeWithoutTheProgramsIsRefused() throws Exception {
    assertThat(demo("--root", directory.toString()))
        .isEqualTo(
            new Result(
                125,
                "",
                "cvm: "
                    + directory
                    + " is no Debian file tree with Redis and Python: it has no"
                    + " usr/lib64/ld-linux-x86-64.so.2\n"));
  }

  private void assertNothingIsLeft() throws Exception {
    assertThat(nativePrograms()).isEmpty();
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  /** Processes of the host that were started with a file of the test's directory. */
  private List<ProcessHandle> nativePrograms() {
    return ProcessHandle.allProcesses()
        .filter(
            process ->
                process.info().command().filter(name -> name.contains("ld-linux")).isPresent())
        .filter(
            process ->
                process
                    .info()
                    .commandLine()
                    .filter(line -> line.contains(directory.toString()))
                    .isPresent())
        .toList();
  }

  private Result demo(String... words) throws Exception {
    return CvmProcess.run(builder(words));
  }

  /** The demo with its temporary files in the test's directory. */
  private ProcessBuilder builder(String... words) {
    List<String> command = CvmProcess.words("demo");
    command.add(1, "-Djava.io.tmpdir=" + directory);
    command.addAll(List.of(words));
    return new ProcessBuilder(command).redirectInput(Path.of("/dev/null").toFile());
  }
}
