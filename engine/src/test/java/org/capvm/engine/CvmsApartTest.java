package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.capvm.image.HostMount;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two cVMs do not see each other: one leaves something of every kind, the other looks for it. That
 * the attempts would find it is shown by the first cVM, which makes them too.
 */
@Timeout(60)
final class CvmsApartTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  /** Leaves things behind, tries each attempt once itself, says so, and waits. */
  private static final String HOLDER =
      """
      import os, socket, subprocess, sys, time
      sys.path.insert(0, '/apart')
      import attempts
      attempts.C.shmget(attempts.KEY, 4096, 0o1600)
      attempts.C.semget(attempts.KEY, 1, 0o1600)
      attempts.C.msgget(attempts.KEY, 0o1600)
      open('/tmp/secret', 'w').write('secret')
      open('/dev/shm/secret', 'w').write('secret')
      abstract = socket.socket(socket.AF_UNIX)
      abstract.bind('\\0secret')
      abstract.listen()
      path = socket.socket(socket.AF_UNIX)
      path.bind('/tmp/socket')
      path.listen()
      port = socket.create_server(('127.0.0.1', 5000))
      children = [subprocess.Popen(['sleep', '1000']) for _ in range(5)]
      for name in attempts.ALL:
          print(name, attempts.ALL[name](), flush=True)
      print('ready', flush=True)
      time.sleep(1000)
      """;

  /** Each attempt returns whether it found what the holder left. */
  private static final String ATTEMPTS =
      """
      import ctypes, os, socket

      C = ctypes.CDLL(None)
      KEY = 0x5eC2e7

      def connects(family, address):
          try:
              with socket.socket(family) as s:
                  s.connect(address)
              return True
          except OSError:
              return False

      def others():
          mine = {os.getpid(), 1}
          return [int(p) for p in os.listdir('/proc') if p.isdigit() and int(p) not in mine]

      def signals():
          found = False
          for pid in range(2, 200):
              if pid != os.getpid():
                  try:
                      os.kill(pid, 0)
                      found = True
                  except ProcessLookupError:
                      pass
          return found

      ALL = {
          'file': lambda: os.path.exists('/tmp/secret'),
          'shm-file': lambda: os.path.exists('/dev/shm/secret'),
          'abstract-socket': lambda: connects(socket.AF_UNIX, '\\0secret'),
          'path-socket': lambda: connects(socket.AF_UNIX, '/tmp/socket'),
          'port': lambda: connects(socket.AF_INET, ('127.0.0.1', 5000)),
          'processes': lambda: bool(others()),
          'signals': signals,
          'segment': lambda: C.shmget(KEY, 0, 0) >= 0,
          'semaphores': lambda: C.semget(KEY, 0, 0) >= 0,
          'message-queue': lambda: C.msgget(KEY, 0) >= 0,
      }
      """;

  private static Path directory;
  private static Cvm holder;

  @BeforeAll
  static void start() throws Exception {
    directory = TestPaths.scratch("apart");
    Files.writeString(directory.resolve("attempts.py"), ATTEMPTS);
    Files.writeString(directory.resolve("holder.py"), HOLDER);
    holder = python("holder", "/apart/holder.py");
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!output("holder").contains("ready")) {
      assertThat(System.nanoTime())
          .as("what the holder says: " + output("holder"))
          .isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @AfterAll
  static void stop() {
    holder.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file",
        "shm-file",
        "abstract-socket",
        "path-socket",
        "port",
        "processes",
        "signals",
        "segment",
        "semaphores",
        "message-queue"
      })
  void whatOneCvmHasAnotherDoesNotFind(String attempt) throws Exception {
    assertThat(output("holder")).as("the attempt works").contains(attempt + " True");
    String script =
        "import sys; sys.path.insert(0, '/apart'); import attempts; print(attempts.ALL['%s']())";
    try (Cvm other = python("other", "-c", script.formatted(attempt))) {
      assertThat(other.waitFor(SOON)).contains(new ExitStatus.Exited(0));
    }
    assertThat(output("other")).isEqualTo("False\n");
  }

  private static Cvm python(String name, String... arguments) {
    return ConfinedRun.capVm()
        .start(
            CvmConfiguration.builder("/usr/bin/python3")
                .arguments(List.of(arguments))
                .mount(new HostMount(directory, "/apart", false))
                .standardInput(StandardStream.discarded())
                .standardOutput(StandardStream.hostFile(directory.resolve(name + ".out")))
                .standardError(StandardStream.discarded())
                .build());
  }

  private static String output(String name) throws IOException {
    Path file = directory.resolve(name + ".out");
    return Files.exists(file) ? Files.readString(file) : "";
  }
}
