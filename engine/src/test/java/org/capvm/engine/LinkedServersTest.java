package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.capvm.image.HostMount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Debian's servers and clients, each in a cVM, with links between them: strace watches this JVM's
 * threads meanwhile, and sees no system call on sockets.
 */
@Timeout(180)
final class LinkedServersTest {
  private static final Duration LIMIT = Duration.ofSeconds(100);
  private static final int LARGE_BYTES = 5_000_000;

  private static final String NGINX =
      """
      daemon off;
      user root;
      worker_processes 2;
      pid /tmp/nginx.pid;
      error_log stderr;
      events { worker_connections 64; }
      http {
        access_log off;
        client_body_temp_path /tmp/body;
        proxy_temp_path /tmp/proxy;
        fastcgi_temp_path /tmp/fastcgi;
        uwsgi_temp_path /tmp/uwsgi;
        scgi_temp_path /tmp/scgi;
        server { listen 127.0.0.1:8080; listen unix:/tmp/nginx.sock; root /site; }
      }
      """;

  private static CvmConfiguration.Builder silent(String program, String... arguments) {
    return CvmConfiguration.builder(program)
        .arguments(List.of(arguments))
        .standardInput(StandardStream.discarded())
        .standardOutput(StandardStream.discarded())
        .standardError(StandardStream.discarded());
  }

  private static int end(CvmConfiguration configuration) throws InterruptedException {
    try (Cvm cvm = ConfinedRun.capVm().start(configuration)) {
      return cvm.waitFor(LIMIT).orElseThrow().shellStatus();
    }
  }

  /** A client that another cVM's server answers; where it goes is all that differs. */
  private static CvmConfiguration client(String program, String... arguments) {
    return silent(program, arguments)
        .link(Link.tcp("cache", 6379))
        .link(new Link.Unix("/run/cache.sock", "cache", "/tmp/redis.sock"))
        .build();
  }

  @Test
  void theHostsKernelSeesNoSocketOfRedisAndItsClients() throws Exception {
    CvmConfiguration server =
        silent(
                "/usr/bin/redis-server",
                "--save",
                "",
                "--unixsocket",
                "/tmp/redis.sock",
                "--appendonly",
                "no")
            .hostname("cache")
            .build();
    try (Trace trace = Trace.ofSocketCalls();
        Cvm cache = ConfinedRun.capVm().start(server)) {
      String ask = "until redis-cli %s ping; do sleep 0.1; done; redis-benchmark -q %s -t get,set";
      for (String where : List.of("-p 6379", "-s /run/cache.sock")) {
        String few = " -c 10 -n 2000";
        assertThat(end(client("/bin/sh", "-c", ask.formatted(where, where) + few))).isZero();
      }
      cache.kill();
      assertThat(cache.waitFor(LIMIT)).isPresent();
      assertThat(trace.calls()).isEmpty();
      // It would have seen some.
      try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        new Socket(listener.getInetAddress(), listener.getLocalPort()).close();
      }
      while (trace.calls().stream().noneMatch(line -> line.contains("socket("))) {
        Thread.sleep(10);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://localhost:8080", "--unix-socket /run/web.sock http://localhost"})
  void curlFetchesFromNginxInAnotherCvm(String where) throws Exception {
    Path site = TestPaths.scratch("linked-nginx");
    byte[] large = new byte[LARGE_BYTES];
    new Random(1).nextBytes(large);
    Files.write(site.resolve("large"), large);
    Files.writeString(site.resolve("nginx.conf"), NGINX);
    CvmConfiguration server =
        silent("/usr/sbin/nginx", "-c", "/site/nginx.conf")
            .hostname("web")
            .mount(new HostMount(site, "/site", false))
            .build();
    Path copies = TestPaths.scratch("linked-curl");
    String fetch =
        "curl --silent --retry 100 --retry-delay 0 --retry-all-errors --retry-max-time 60 "
            + "-o /copies/copy "
            + where
            + "/large";
    CvmConfiguration client =
        silent("/bin/sh", "-c", fetch)
            .mount(new HostMount(copies, "/copies", true))
            .link(Link.tcp("web", 8080))
            .link(new Link.Unix("/run/web.sock", "web", "/tmp/nginx.sock"))
            .build();
    try (Cvm web = ConfinedRun.capVm().start(server)) {
      assertThat(end(client)).isZero();
      web.kill();
      assertThat(web.waitFor(LIMIT)).isPresent();
    }
    assertThat(Files.mismatch(site.resolve("large"), copies.resolve("copy"))).isEqualTo(-1);
  }

  /** What strace sees of all threads of this JVM. */
  private record Trace(Process strace, Path output) implements AutoCloseable {

    static Trace ofSocketCalls() throws IOException, InterruptedException {
      Path directory = TestPaths.scratch("strace");
      Path output = directory.resolve("calls");
      Path messages = directory.resolve("messages");
      Process strace =
          new ProcessBuilder(
                  "strace",
                  "-f",
                  "-e",
                  "trace=%network",
                  "-e",
                  "signal=none",
                  "-o",
                  output.toString(),
                  "-p",
                  Long.toString(ProcessHandle.current().pid()))
              .redirectErrorStream(true)
              .redirectOutput(messages.toFile())
              .start();
      while (!Files.readString(messages).contains("attached")) {
        assertThat(strace.isAlive()).as(Files.readString(messages)).isTrue();
        Thread.sleep(10);
      }
      return new Trace(strace, output);
    }

    /** Calls so far. */
    List<String> calls() throws IOException {
      return Files.readAllLines(output).stream().filter(line -> line.contains("(")).toList();
    }

    @Override
    public void close() {
      strace.destroy();
      strace.onExit().orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    }
  }
}
