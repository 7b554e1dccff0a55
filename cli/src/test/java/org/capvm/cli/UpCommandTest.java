package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.capvm.cli.CvmProcess.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs files as users do; the control sockets are in a directory of the test's. */
final class UpCommandTest {
  @TempDir private Path directory;
  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = directory.resolve("cvm.yaml");
  }

  @AfterEach
  void takeDownWhatIsLeft() throws Exception {
    cvm("down", "-f", file.toString());
  }

  @Test
  void everyLineCarriesItsCvmsNameAndTheStatusSaysThatAllWentWell() throws Exception {
    write("cVMs:", "  one: {args: [echo, hello]}", "  two: {args: [echo, there], wait: [one]}");
    Result result = cvm("up", file.toString());
    assertThat(result.output().lines()).containsExactlyInAnyOrder("one | hello", "two | there");
    assertThat(result).isEqualTo(new Result(0, result.output(), ""));
  }

  @Test
  void aCvmThatFailsIsToldByTheStatus() throws Exception {
    write("cVMs: {one: {args: [\"false\"]}}");
    assertThat(cvm("up", file.toString()).status()).isEqualTo(1);
  }

  @Test
  void aProgramThatIsNotThereGivesTheShellsStatus() throws Exception {
    write("cVMs: {one: {args: [no-such-program]}}");
    assertThat(cvm("up", file.toString()))
        .isEqualTo(new Result(127, "", "cvm: no-such-program: not found on the cVM's PATH\n"));
  }

  @Test
  void detachedCvmsAreListedReadEnteredAndTakenDown() throws Exception {
    write(
        "cVMs:",
        "  server:",
        "    args: [busybox, sh, -c, 'echo begun; trap \"exit 0\" TERM; touch /tmp/up;"
            + " while :; do busybox sleep 0.1; done']",
        "    health: {exec: [busybox, test, -e, /tmp/up], interval: 50ms}");
    String name = file.toString();
    assertThat(cvm("up", "-d", name)).isEqualTo(new Result(0, "", ""));
    assertThat(cvm("up", "-d", name))
        .isEqualTo(new Result(125, "", "cvm: " + name + ": is up already\n"));
    assertThat(cvm("up", name))
        .isEqualTo(new Result(125, "", "cvm: " + name + ": is up already\n"));
    assertThat(cvm("ps", "-f", name).output()).matches("server +healthy\n");
    assertThat(cvm("logs", "-f", name)).isEqualTo(new Result(0, "begun\n", ""));
    Process exec =
        environment(
                new ProcessBuilder(
                    CvmProcess.words(
                        "exec",
                        "-f",
                        name,
                        "server",
                        "busybox",
                        "sh",
                        "-c",
                        "read x; echo got $x; echo bad >&2; test -e /tmp/up && exit 7")))
            .start();
    try (var input = exec.outputWriter()) {
      input.write("word\n");
    }
    assertThat(exec.inputReader().readAllAsString()).isEqualTo("got word\n");
    assertThat(exec.errorReader().readAllAsString()).isEqualTo("bad\n");
    assertThat(exec.waitFor()).isEqualTo(7);
    assertThat(cvm("exec", "-f", name, "server", "nothing-like-this").status()).isEqualTo(127);
    assertThat(cvm("exec", "-f", name, "nobody", "true").errorText())
        .isEqualTo("cvm: there is no cVM nobody\n");
    assertThat(cvm("ps", "-f", name).output()).matches("server +healthy\n");
    assertThat(cvm("down", "-f", name)).isEqualTo(new Result(0, "", ""));
    assertThat(cvm("ps", "-f", name))
        .isEqualTo(new Result(125, "", "cvm: " + name + ": is not up\n"));
  }

  @Test
  void programsAreExecutedWithAsManyAndAsLongArgumentsAsLinuxTakes() throws Exception {
    write("cVMs:", "  one: {args: [busybox, sleep, '1000']}");
    String name = file.toString();
    assertThat(cvm("up", "-d", name)).isEqualTo(new Result(0, "", ""));
    List<String> words = new ArrayList<>(List.of("exec", "-f", name, "one", "busybox", "sh", "-c"));
    words.addAll(List.of("echo $# ${#1} ${#2} ${#3}", "sh"));
    String longest = "x".repeat((128 << 10) - 1);
    words.addAll(List.of(longest, "y".repeat(80_000), ""));
    words.addAll(Collections.nCopies(10_000, "word"));
    assertThat(cvm(words.toArray(String[]::new)))
        .isEqualTo(new Result(0, "10003 131071 80000 0\n", ""));
    // A guest's stack has 8 MiB, of which a quarter may be strings; whoever asks has more.
    String tooMany = "ulimit -s 65536; s=$(head -c 131071 /dev/zero | tr '\\0' x); cvm exec -f ";
    tooMany += name + " one busybox true" + " $s".repeat(17);
    assertThat(script(tooMany))
        .isEqualTo(new Result(126, "", "cvm: busybox: Argument list too long\n"));
    assertThat(cvm("down", "-f", name)).isEqualTo(new Result(0, "", ""));
  }

  @Test
  void anInterruptStopsTheCvmsInReverseOrder() throws Exception {
    String script =
        "trap \"echo ended; exit 0\" TERM; echo begun; while :; do busybox sleep 0.1; done";
    write(
        "cVMs:",
        "  b: {args: [busybox, sh, -c, '" + script + "'], wait: [a]}",
        "  a: {args: [busybox, sh, -c, '" + script + "']}");
    Process process =
        environment(new ProcessBuilder(CvmProcess.words("up", file.toString()))).start();
    BufferedReader output = process.inputReader();
    assertThat(List.of(output.readLine(), output.readLine()))
        .containsExactlyInAnyOrder("a | begun", "b | begun");
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    assertThat(output.readAllAsString()).isEqualTo("b | ended\na | ended\n");
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  @Test
  void aCvmThatIsNotHealthyInTimeStopsTheRest() throws Exception {
    write(
        "cVMs:",
        "  slow:",
        "    args: [busybox, sleep, '100']",
        "    health: {exec: [\"false\"], interval: 50ms, timeout: 300ms}",
        "  next: {args: [echo, never], wait: [slow]}");
    Result result = cvm("up", file.toString());
    assertThat(result).isEqualTo(new Result(125, "", "cvm: slow was not healthy after 300 ms\n"));
    assertThat(cvm("up", "-d", file.toString())).isEqualTo(result);
  }

  @Test
  void aKilledJvmsSocketIsInNobodysWay() throws Exception {
    write("cVMs: {one: {args: [busybox, sh, -c, 'echo begun; busybox sleep 100']}}");
    Process process =
        environment(new ProcessBuilder(CvmProcess.words("up", file.toString()))).start();
    assertThat(process.inputReader().readLine()).isEqualTo("one | begun");
    process.destroyForcibly().waitFor();
    assertThat(cvm("ps", "-f", file.toString()).errorText()).contains("is not up");
    write("cVMs: {one: {args: [echo, again]}}");
    assertThat(cvm("up", file.toString())).isEqualTo(new Result(0, "one | again\n", ""));
  }

  @Test
  void aCvmThatCrashesIsStartedAgainIfTheFileSaysSo() throws Exception {
    Path mark = Files.createDirectory(directory.resolve("mark"));
    write(
        "cVMs:",
        "  one:",
        "    args: [busybox, sh, -c, 'if test -e /mark/second; then echo well; else"
            + " touch /mark/second; echo bad; kill -SEGV $$; fi']",
        "    mounts: ['mark:/mark']",
        "    restart: on-failure");
    assertThat(cvm("up", file.toString())).isEqualTo(new Result(0, "one | bad\none | well\n", ""));
    assertThat(mark.resolve("second")).exists();
  }

  @Test
  void cvmsReachEachOtherByLinksAndSharedBuffers() throws Exception {
    write(
        "capfiles:",
        "  note: {size: 64, content: written, access: {reader: read}}",
        "cVMs:",
        "  server: {args: [busybox, sh, -c, 'echo over | busybox nc -l -p 700']}",
        "  reader:",
        "    args: [/usr/bin/python3, /lib-capvm/reader.py]",
        "    environment: {PYTHONPATH: /lib-capvm}",
        "    mounts: ['guest:/lib-capvm:ro']",
        "    links: [{from: 7000, to: server, at: 700}]");
    Path guest = Files.createDirectory(directory.resolve("guest"));
    Path module = Path.of(System.getProperty("capvm.top", "..")).resolve("engine/src/main/guest");
    Files.copy(module.resolve("capvm.py"), guest.resolve("capvm.py"));
    Files.writeString(
        guest.resolve("reader.py"),
        """
        import capvm, socket, time
        note = capvm.CpFile.open("shared/note")
        print(note.read(0, 7).decode())
        try:
            note.write(0, b"x")
        except OSError as refusal:
            print(refusal.strerror)
        while True:
            try:
                peer = socket.create_connection(("127.0.0.1", 7000))
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        print(peer.recv(100).decode(), end="")
        """);
    Result result = cvm("up", file.toString());
    assertThat(result.errorText()).isEmpty();
    assertThat(result.output())
        .isEqualTo("reader | written\nreader | Permission denied\nreader | over\n");
  }

  @Test
  void limitsAreLinuxsErrors() throws Exception {
    write(
        "cVMs:",
        "  tasks:",
        "    limits: {tasks: 3}",
        "    args:",
        "    - /usr/bin/python3",
        "    - -c",
        "    - |",
        "      import os, errno, time",
        "      made = 0",
        "      try:",
        "        while made < 100:",
        "          if os.fork() == 0: time.sleep(60)",
        "          made += 1",
        "      except OSError as refusal: print(made, errno.errorcode[refusal.errno])",
        "  disk:",
        "    limits: {disk: 1M}",
        "    args: [busybox, sh, -c, 'busybox dd if=/dev/zero of=/tmp/big bs=64k count=100 2>&1 |"
            + " busybox grep -o \"No space left on device\"']",
        "    wait: [tasks]");
    assertThat(cvm("up", file.toString()).output().lines())
        .containsExactlyInAnyOrder("tasks | 2 EAGAIN", "disk | No space left on device");
  }

  private static final String SERVER = "trap \"exit 0\" TERM; while :; do busybox sleep 0.1; done";

  /** Runs a shell's script, in which {@code cvm} is the command. */
  private Result script(String script) throws Exception {
    StringBuilder words = new StringBuilder();
    CvmProcess.words().forEach(word -> words.append('\'').append(word).append("' "));
    return CvmProcess.run(
        environment(
            new ProcessBuilder("sh", "-c", "cvm() { " + words + "\"$@\"; }\n" + script)
                .directory(directory.toFile())
                .redirectInput(Path.of("/dev/null").toFile())));
  }

  @Test
  void aProgramUsesTheVeryFilesOfTheClient() throws Exception {
    write("cVMs: {server: {args: [busybox, sh, -c, '" + SERVER + "']}}");
    Result result =
        script(
            """
            cvm up -d
            printf 'one\\ntwo\\nthree\\n' > lines
            { read first; cvm exec server busybox sh -c 'read x; echo $x; echo error >&2'
              echo after; cvm exec server busybox cat; } < lines > output 2>&1
            cvm exec server busybox echo HERE 1<> output
            cvm exec server busybox echo appended >> output
            cvm down
            """);
    assertThat(result).isEqualTo(new Result(0, "", ""));
    // A shell's read gives back what it read too much, here and there.
    assertThat(directory.resolve("output")).hasContent("HERE\nrror\nafter\nthree\nappended\n");
  }

  @Test
  void whatIsDownCanBeBroughtUpAtOnceAndLeavesNoFile() throws Exception {
    write("cVMs: {server: {args: [busybox, sh, -c, '" + SERVER + "']}}");
    assertThat(script("for i in 1 2 3; do cvm up -d || exit; cvm down || exit; done"))
        .isEqualTo(new Result(0, "", ""));
    assertThat(directory.resolve("capvm")).isEmptyDirectory();
  }

  @Test
  void aLastLineWithoutItsEndIsALine() throws Exception {
    write("cVMs: {one: {args: [busybox, printf, 'first\\nlast']}}");
    assertThat(cvm("up", file.toString()))
        .isEqualTo(new Result(0, "one | first\none | last\n", ""));
  }

  @Test
  void whatIsStartedAgainIsCheckedAgain() throws Exception {
    Path mark = Files.createDirectory(directory.resolve("mark"));
    write(
        "cVMs:",
        "  one:",
        "    args: [busybox, sh, -c, 'echo x >> /mark/starts; while ! test -e /tmp/end; do busybox"
            + " sleep 0.1; done; exit 1']",
        "    health: {exec: [busybox, sh, -c, 'n=$(busybox wc -l < /mark/starts); echo $n >>"
            + " /mark/checks; test $n != 2'], interval: 50ms, timeout: 5s}",
        "    mounts: ['mark:/mark']",
        "    restart: on-failure");
    String name = file.toString();
    assertThat(cvm("up", "-d", name)).isEqualTo(new Result(0, "", ""));
    assertThat(cvm("ps", "-f", name).output()).matches("one +healthy\n");
    cvm("exec", "-f", name, "one", "busybox", "touch", "/tmp/end");
    // Its second run is never healthy: it is ended, and the third one is.
    String state = "";
    while (!state.contains(" healthy, restarted 2 times")) {
      state = cvm("ps", "-f", name).output();
    }
    assertThat(cvm("logs", "-f", name).output())
        .isEqualTo("cvm: one was not healthy after 5000 ms\n");
    assertThat(Files.readAllLines(mark.resolve("checks"))).contains("1", "2", "3");
  }

  @Test
  void anInterruptBeforeAllIsReadyIsNoFailure() throws Exception {
    write(
        "cVMs:",
        "  one:",
        "    args: [busybox, sh, -c, 'echo begun; " + SERVER + "']",
        "    health: {exec: [\"false\"]}");
    Process process =
        environment(new ProcessBuilder(CvmProcess.words("up", file.toString()))).start();
    assertThat(process.inputReader().readLine()).isEqualTo("one | begun");
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    assertThat(process.errorReader().readAllAsString()).isEmpty();
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void whoReadsALogNoFurtherKeepsNobodyWaiting() throws Exception {
    write(
        "cVMs:",
        "  one:",
        "    limits: {log: 64K}",
        "    args: [busybox, sh, -c, 'while ! test -e /tmp/go; do busybox sleep 0.1; done;"
            + " busybox yes | busybox head -c 4000000; echo last; "
            + SERVER
            + "']");
    String name = file.toString();
    assertThat(cvm("up", "-d", name).status()).isZero();
    Process reader =
        environment(new ProcessBuilder(CvmProcess.words("logs", "-f", name, "--follow"))).start();
    try {
      cvm("exec", "-f", name, "one", "busybox", "touch", "/tmp/go");
      String log = "";
      while (!log.endsWith("last\n")) {
        log = cvm("logs", "-f", name).output();
      }
      assertThat(cvm("down", "-f", name)).isEqualTo(new Result(0, "", ""));
    } finally {
      reader.destroy();
    }
  }

  @Test
  void whoFollowsALogEndsWithTheCvms() throws Exception {
    write("cVMs: {one: {args: [busybox, sh, -c, 'echo begun; " + SERVER + "']}}");
    String name = file.toString();
    assertThat(cvm("up", "-d", name).status()).isZero();
    Process reader =
        environment(new ProcessBuilder(CvmProcess.words("logs", "-f", name, "--follow"))).start();
    assertThat(reader.inputReader().readLine()).isEqualTo("begun");
    assertThat(cvm("down", "-f", name)).isEqualTo(new Result(0, "", ""));
    assertThat(reader.errorReader().readAllAsString()).isEmpty();
    assertThat(reader.waitFor()).isZero();
  }

  @Test
  void functionsAreCalledByThoseOfTheFileAlone() throws Exception {
    Path guest = Files.createDirectory(directory.resolve("guest"));
    Path bindings = Path.of("..", "engine", "src", "main", "guest").toAbsolutePath();
    Files.copy(bindings.resolve("capvm.py"), guest.resolve("capvm.py"));
    Process compiler =
        new ProcessBuilder(
                "gcc",
                "-I" + bindings,
                "-o",
                guest.resolve("calls").toString(),
                Path.of("src", "test", "guest", "calls.c").toString(),
                bindings.resolve("capvm.c").toString())
            .redirectErrorStream(true)
            .start();
    assertThat(compiler.inputReader().readAllAsString()).isEmpty();
    Files.writeString(
        guest.resolve("export.py"),
        """
        import capvm
        function = capvm.CpCall.export("multiply", lambda a, b, c, d, e, f: a * b * c * d * e * f)
        for cvm in "caller", "python":
            try:
                function.grant(cvm, capvm.CALL)
                print("granted to", cvm, flush=True)
            except PermissionError as refusal:
                print(refusal.strerror, flush=True)
        open("/tmp/ready", "w").close()
        function.serve()
        """);
    Files.writeString(
        guest.resolve("call.py"),
        """
        import capvm
        for name in "shop/add", "shop/secret":
            try:
                print(name, capvm.CpCall.open(name).call(1, 2, 3))
            except FileNotFoundError as refusal:
                print(name, refusal.strerror)
        """);
    write(
        "cVMs:",
        "  shop:",
        "    args: [busybox, sh, -c, '/guest/calls export secret caller shop & /guest/calls export"
            + " add stranger caller \"*\" | while read x; do echo \"$x\"; test \"$x\" = serving &&"
            + " touch /tmp/ready; done']",
        "    calls: {add: [caller, python], secret: []}",
        "    mounts: ['guest:/guest:ro']",
        "    health: {exec: [busybox, test, -e, /tmp/ready], interval: 50ms}",
        "  python:",
        "    args: [/usr/bin/python3, /guest/export.py]",
        "    calls: {multiply: ['*']}",
        "    environment: {PYTHONPATH: /guest}",
        "    mounts: ['guest:/guest:ro']",
        "    health: {exec: [busybox, test, -e, /tmp/ready], interval: 50ms}");
    Files.writeString(
        file,
        Files.readString(file)
            + """
              caller:
                args: [/guest/calls, call, shop/add, shop/secret, python/multiply]
                mounts: ['guest:/guest:ro']
                wait: [shop, python]
              stranger:
                args: [/guest/calls, call, shop/add, shop/secret, python/multiply]
                mounts: ['guest:/guest:ro']
                wait: [shop, python]
            """);
    String name = file.toString();
    assertThat(cvm("up", "-d", name)).isEqualTo(new Result(0, "", ""));
    assertThat(
            cvm(
                    "exec",
                    "-f",
                    name,
                    "python",
                    "busybox",
                    "env",
                    "PYTHONPATH=/guest",
                    "/usr/bin/python3",
                    "/guest/call.py")
                .output())
        .isEqualTo("shop/add 6\nshop/secret No such file or directory\n");
    for (String cvm : List.of("caller", "stranger")) {
      while (!cvm("ps", "-f", name).output().matches("(?s).*" + cvm + " +exited with 0.*")) {
        Thread.onSpinWait();
      }
    }
    assertThat(cvm("logs", "-f", name, "caller").output())
        .isEqualTo(
            """
            shop/add: 21, passed on: Permission denied
            shop/secret: No such file or directory
            python/multiply: 720, passed on: Permission denied
            """);
    assertThat(cvm("logs", "-f", name, "stranger").output())
        .isEqualTo(
            """
            shop/add: No such file or directory
            shop/secret: No such file or directory
            python/multiply: 720, passed on: Permission denied
            """);
    assertThat(cvm("logs", "-f", name, "python").output())
        .isEqualTo("granted to caller\ngranted to python\n");
    // Two programs write there, in any order.
    assertThat(cvm("logs", "-f", name, "shop").output().lines())
        .containsExactlyInAnyOrder(
            "grant caller: Permission denied",
            "grant shop: Permission denied",
            "grant caller, to pass on: Permission denied",
            "serving",
            "grant stranger: Permission denied",
            "grant caller: Success",
            "grant *: Permission denied",
            "grant stranger, to pass on: Permission denied",
            "serving");
  }

  private void write(String... lines) throws IOException {
    Files.write(file, List.of(lines));
  }

  private ProcessBuilder environment(ProcessBuilder builder) {
    builder.environment().put("XDG_RUNTIME_DIR", directory.toString());
    return builder;
  }

  private Result cvm(String... words) throws Exception {
    return CvmProcess.run(
        environment(
            new ProcessBuilder(CvmProcess.words(words))
                .redirectInput(Path.of("/dev/null").toFile())));
  }
}
