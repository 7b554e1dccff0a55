package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.capvm.cli.CvmProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunCommandTest {
  @TempDir private Path directory;

  @Test
  void outputAndStatusAreTheGuests() throws Exception {
    assertThat(CvmProcess.run("run", "--", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7"))
        .isEqualTo(new Result(7, "out\n", "err\n"));
  }

  @Test
  void aSignalsNumberIsAddedTo128() throws Exception {
    Result result = CvmProcess.run("run", "/usr/bin/python3", "-c", "import os; os.abort()");
    assertThat(result.status()).isEqualTo(134);
  }

  @Test
  void aFaultIsReportedInOneLine() throws Exception {
    String program = "import ctypes; ctypes.string_at(8)";
    Result result = CvmProcess.run("run", "/usr/bin/python3", "-c", program);
    assertThat(result.status()).isEqualTo(139);
    assertThat(result.errorText())
        .matches("cvm: python3\\[1\\] SIGSEGV \\(code 1, address 0x8\\) at pc 0x.* in /.*\n");
  }

  @Test
  void aMissingProgramIs127() throws Exception {
    Result result = CvmProcess.run("run", "no-such-program");
    assertThat(result.status()).isEqualTo(127);
    assertThat(result.errorText()).isEqualTo("cvm: no-such-program: not found on the cVM's PATH\n");
  }

  @Test
  void aMissingPathIs127() throws Exception {
    Result result = CvmProcess.run("run", "/no/such/program");
    assertThat(result.status()).isEqualTo(127);
    assertThat(result.errorText()).isEqualTo("cvm: /no/such/program: No such file or directory\n");
  }

  @Test
  void aDirectoryIs126() throws Exception {
    Result result = CvmProcess.run("run", "/usr");
    assertThat(result.status()).isEqualTo(126);
    assertThat(result.errorText()).startsWith("cvm: /usr: ").hasLineCount(1);
  }

  @Test
  void badUsageIs125() throws Exception {
    assertThat(CvmProcess.run("run", "--memory", "lots", "true").status()).isEqualTo(125);
    assertThat(CvmProcess.run("run", "--no-such-option", "true").status()).isEqualTo(125);
    assertThat(CvmProcess.run("run").status()).isEqualTo(125);
  }

  @Test
  void aMissingHostDirectoryIs125() throws Exception {
    Result result = CvmProcess.run("run", "-v", "/no/such/directory:/d", "true");
    assertThat(result.status()).isEqualTo(125);
    assertThat(result.errorText()).contains("/no/such/directory").hasLineCount(1);
  }

  @Test
  void theProgramsOwnOptionsAreLeftAlone() throws Exception {
    assertThat(CvmProcess.run("run", "echo", "--trace", "-e", "x", "--").output())
        .isEqualTo("--trace -e x --\n");
  }

  @Test
  void volumesAreVisibleAndWritableUnlessSaidOtherwise() throws Exception {
    Files.writeString(directory.resolve("there"), "from the host\n");
    String script = "cat there; echo new > made; echo changed > /fixed/there; cat /fixed/there";
    Result result =
        CvmProcess.run(
            "run",
            "-v",
            directory + ":/work",
            "-v",
            directory + ":/fixed:ro",
            "-w",
            "/work",
            "busybox",
            "sh",
            "-c",
            script);
    assertThat(result.output()).isEqualTo("from the host\nfrom the host\n");
    assertThat(result.errorText()).contains("Read-only file system");
    assertThat(directory.resolve("made")).hasContent("new\n");
    assertThat(directory.resolve("there")).hasContent("from the host\n");
  }

  @Test
  void writesToTheRootAreDroppedAtTheEnd() throws Exception {
    String name = "cvm-test-" + ProcessHandle.current().pid();
    Result result =
        CvmProcess.run(
            "run", "busybox", "sh", "-c", "echo x > /usr/%1$s && cat /usr/%1$s".formatted(name));
    assertThat(result).isEqualTo(new Result(0, "x\n", ""));
    assertThat(Path.of("/usr", name)).doesNotExist();
  }

  @Test
  void nothingElseOfTheHostIsVisible() throws Exception {
    Result result = CvmProcess.run("run", "ls", directory.toString());
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.errorText()).contains("No such file or directory");
    assertThat(CvmProcess.run("run", "cat", "/etc/shadow").status()).isEqualTo(1);
  }

  @Test
  void theEnvironmentIsWhatWasAskedFor() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            CvmProcess.words(
                "run",
                "-e",
                "A=1=2",
                "-e",
                "PASSED",
                "-e",
                "UNSET",
                "--hostname",
                "box",
                "busybox",
                "sh",
                "-c",
                "echo $A $PASSED ${UNSET-none} ${HIDDEN-none}; uname -n; pwd"));
    builder.environment().put("PASSED", "yes");
    builder.environment().put("HIDDEN", "no");
    assertThat(CvmProcess.run(builder).output()).isEqualTo("1=2 yes none none\nbox\n/\n");
  }

  @Test
  void anotherRootReplacesTheHosts() throws Exception {
    Files.createDirectories(directory.resolve("bin"));
    Files.copy(Path.of("/bin/busybox"), directory.resolve("bin/busybox"));
    directory.resolve("bin/busybox").toFile().setExecutable(true);
    Result result =
        CvmProcess.run(
            "run", "--root", directory.toString(), "busybox", "ls", "-d", "/bin", "/usr");
    assertThat(result.output()).isEqualTo("/bin\n");
    assertThat(result.errorText()).contains("/usr: No such file or directory");
  }

  @Test
  void standardInputIsNotReadAhead() throws Exception {
    Path input = Files.writeString(directory.resolve("input"), "firstsecond");
    String cvm =
        String.join(
            " ", CvmProcess.words("run", "busybox", "dd", "bs=1", "count=5", "status=none"));
    Result result =
        CvmProcess.run(
            new ProcessBuilder("sh", "-c", cvm + "; echo; cat").redirectInput(input.toFile()));
    assertThat(result.output()).isEqualTo("first\nsecond");
  }

  @Test
  void theTraceLooksLikeStraces() throws Exception {
    Result result = CvmProcess.run("run", "--trace", "cat", "/no/such/file");
    assertThat(result.errorText())
        .containsPattern("(?m)openat\\(AT_FDCWD, \"/no/such/file\", O_RDONLY\\) += -1 ENOENT")
        .contains("exit_group(1)");
  }

  @Test
  void statisticsNameTheCallsAndTheFailures() throws Exception {
    Result result = CvmProcess.run("run", "--stats", "cat", "/no/such/file");
    assertThat(result.errorText())
        .containsPattern("(?m)^ *openat +\\d+ +\\d+ +ENOENT")
        .containsPattern("translated .* MB/s")
        .contains("memory");
  }

  @Test
  void aCallThatIsNotBuiltIsAnsweredAsUnknownAndCountedByName() throws Exception {
    String program =
        """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        print([(libc.syscall(n, 8, 0), ctypes.get_errno()) for n in (425, 425, 427)])
        """;
    Result result = CvmProcess.run("run", "--stats", "/usr/bin/python3", "-c", program);
    assertThat(result.output()).isEqualTo("[(-1, 38), (-1, 38), (-1, 38)]\n");
    assertThat(result.errorText())
        .containsPattern("(?m)^ *io_uring_setup +2 +2 +ENOSYS 2")
        .containsPattern("(?m)^ *io_uring_register +1 +1 +ENOSYS 1");
  }

  @Test
  void verifiedTranslationsRunTheSame() throws Exception {
    assertThat(CvmProcess.run("run", "--verify", "/usr/bin/python3", "-c", "print(6 * 7)"))
        .isEqualTo(new Result(0, "42\n", ""));
  }

  @Test
  void translationsAreVerifiedWhenThatIsAskedForAndNotOtherwise() throws Exception {
    assertThat(CvmProcess.run("run", "--stats", "cat", "/no/such/file").errorText())
        .contains(" 0.00 MB of them verified");
    assertThat(CvmProcess.run("run", "--stats", "--verify", "cat", "/no/such/file").errorText())
        .containsPattern("MB, (0\\.0[1-9]|0\\.[1-9]).* of them verified");
  }

  @Test
  void anInterruptReachesTheGuest() throws Exception {
    Process process = started("/usr/bin/python3", "-u", "-c", LISTENING);
    send("INT", process, "ready");
    assertThat(process.inputReader().readLine()).isEqualTo("interrupted");
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(5);
  }

  @Test
  void anInterruptEndsAGuestWithoutAHandler() throws Exception {
    Process process = started("busybox", "sh", "-c", "echo ready; while :; do :; done");
    send("INT", process, "ready");
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(130);
  }

  @Test
  void aQuitFromOutsideReachesTheGuest() throws Exception {
    Process process =
        started(
            "busybox",
            "sh",
            "-c",
            "trap 'echo quit; exit 6' QUIT; echo ready; while :; do :; done");
    send("QUIT", process, "ready");
    assertThat(process.inputReader().readLine()).isEqualTo("quit");
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(6);
  }

  @Test
  void toolsOfTheJdkStillReachTheJvmThoughTheyAskBySigquit() throws Exception {
    Process process = started("busybox", "sh", "-c", "echo ready; read line; exit 7");
    try {
      assertThat(process.inputReader().readLine()).isEqualTo("ready");
      Result threads =
          CvmProcess.run(
              new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                  Long.toString(process.pid()),
                  "Thread.print"));
      assertThat(threads.output()).contains("\"signals\"");
      process.outputWriter().append('\n').close();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(7);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aTerminalWorksLineByLine() throws Exception {
    Path driver = directory.resolve("terminal.py");
    try (var source = RunCommandTest.class.getResourceAsStream("terminal.py")) {
      Files.copy(source, driver);
    }
    List<String> words = CvmProcess.words("run", "/usr/bin/python3", "-q");
    words.addAll(0, List.of("/usr/bin/python3", driver.toString()));
    Result result = CvmProcess.run(new ProcessBuilder(words));
    assertThat(result.errorText()).isEmpty();
    assertThat(result).isEqualTo(new Result(0, "all as expected\n", ""));
  }

  private static final String LISTENING =
      """
      import time, sys
      print("ready")
      try:
          time.sleep(60)
      except KeyboardInterrupt:
          print("interrupted")
          sys.exit(5)
      """;

  private static Process started(String... command) throws IOException {
    List<String> words = CvmProcess.words("run", "--");
    words.addAll(List.of(command));
    return new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static void send(String signal, Process process, String afterLine)
      throws IOException, InterruptedException {
    BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
    assertThat(output.readLine()).isEqualTo(afterLine);
    Thread.sleep(200);
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
  }
}
