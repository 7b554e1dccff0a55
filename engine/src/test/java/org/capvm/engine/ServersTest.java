package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.capvm.image.HostMount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Debian's nginx, memcached and curl in cVMs. */
@Timeout(120)
final class ServersTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final Pattern CONTENT_LENGTH = Pattern.compile("Content-Length: (\\d+)");
  private static final int LARGE_BYTES = 50_000_000;

  /** Serves what is in {@code /site} on port 8080. */
  static final String NGINX =
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
        sendfile on;
        keepalive_timeout 30;
        keepalive_requests 1000000;
        server { listen 8080; root /site; }
      }
      """;

  private static Cvm start(Path directory, int port, String program, String... arguments) {
    return ConfinedRun.capVm()
        .start(
            CvmConfiguration.builder(program)
                .arguments(List.of(arguments))
                .mount(new HostMount(directory, "/site", true))
                .publish(
                    new PortMapping(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), port))
                .standardInput(StandardStream.discarded())
                .standardOutput(StandardStream.discarded())
                .standardError(StandardStream.discarded())
                .build());
  }

  private static void awaitListening(int port) throws InterruptedException {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (System.nanoTime() < deadline) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        return;
      } catch (IOException notYet) {
        Thread.sleep(20);
      }
    }
    throw new AssertionError("nobody listens on port " + port);
  }

  private static Path site(String name) throws IOException {
    Path site = TestPaths.scratch(name);
    byte[] large = new byte[LARGE_BYTES];
    new Random(1).nextBytes(large);
    Files.write(site.resolve("large"), large);
    Files.writeString(site.resolve("small"), "a small file\n");
    Files.writeString(site.resolve("nginx.conf"), NGINX);
    return site;
  }

  @Test
  void nginxWithTwoWorkersServesLargeFilesAndKeepsConnections() throws Exception {
    Path site = site("nginx");
    try (Cvm cvm = start(site, 8080, "/usr/sbin/nginx", "-c", "/site/nginx.conf")) {
      int port = cvm.hostPorts().getFirst();
      awaitListening(port);
      try (Socket kept = new Socket(InetAddress.getLoopbackAddress(), port)) {
        for (int i = 0; i < 200; i++) {
          assertThat(new String(get(kept, "/small"), StandardCharsets.US_ASCII))
              .isEqualTo("a small file\n");
        }
      }
      byte[] expected = Files.readAllBytes(site.resolve("large"));
      List<Callable<Boolean>> downloads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        downloads.add(
            () -> {
              try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return Arrays.equals(get(socket, "/large"), expected);
              }
            });
      }
      try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
        for (Future<Boolean> same : executor.invokeAll(downloads)) {
          assertThat(same.get()).isTrue();
        }
      }
    }
  }

  /** The body of an answer on a connection that stays open. */
  static byte[] get(Socket socket, String path) throws IOException {
    String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    DataInputStream in = new DataInputStream(socket.getInputStream());
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.readUnsignedByte());
    }
    Matcher length = CONTENT_LENGTH.matcher(head);
    assertThat(length.find()).as(head.toString()).isTrue();
    byte[] body = new byte[Integer.parseInt(length.group(1))];
    in.readFully(body);
    return body;
  }

  @Test
  void curlReachesAServerInTheSameCvm() throws Exception {
    Path site = site("curl");
    String script =
        "nginx -c /site/nginx.conf & "
            + "curl --silent --retry 50 --retry-delay 0 --retry-connrefused --retry-max-time 20 "
            + "-o /site/copy http://localhost:8080/large; kill %1; wait";
    try (Cvm cvm = start(site, 8080, "/bin/bash", "-mc", script)) {
      assertThat(cvm.waitFor(Duration.ofSeconds(60))).isPresent();
    }
    assertThat(Files.mismatch(site.resolve("large"), site.resolve("copy"))).isEqualTo(-1);
  }

  @Test
  void memcachedWithFourThreadsKeepsWhatManyClientsStore() throws Exception {
    Path nothing = TestPaths.scratch("memcached");
    try (Cvm cvm =
            start(nothing, 11211, "/usr/bin/memcached", "-u", "root", "-t", "4", "-l", "0.0.0.0");
        ExecutorService executor = Executors.newFixedThreadPool(8)) {
      int port = cvm.hostPorts().getFirst();
      awaitListening(port);
      List<Callable<Void>> clients = new ArrayList<>();
      for (int client = 0; client < 8; client++) {
        String name = "client" + client;
        clients.add(
            () -> {
              storeAndRead(port, name);
              return null;
            });
      }
      for (Future<Void> client : executor.invokeAll(clients)) {
        client.get();
      }
    }
  }

  private static void storeAndRead(int port, String name) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      for (int i = 0; i < 500; i++) {
        String value = name + "=" + i;
        ask(socket, "set %s 0 0 %d\r\n%s\r\n".formatted(name, value.length(), value), "STORED\r\n");
        ask(
            socket,
            "get " + name + "\r\n",
            "VALUE %s 0 %d\r\n%s\r\nEND\r\n".formatted(name, value.length(), value));
      }
    }
  }

  private static void ask(Socket socket, String question, String answer) throws IOException {
    socket.getOutputStream().write(question.getBytes(StandardCharsets.US_ASCII));
    byte[] got = socket.getInputStream().readNBytes(answer.length());
    assertThat(new String(got, StandardCharsets.US_ASCII)).isEqualTo(answer);
  }
}
