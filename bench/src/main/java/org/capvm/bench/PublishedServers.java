package org.capvm.bench;

import static org.capvm.bench.MarkdownTable.figure;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.engine.PortMapping;
import org.capvm.engine.StandardStream;
import org.capvm.image.HostMount;

/**
 * Requests a second that the host's own clients get over TCP from a server: as a native process,
 * and in a cVM that publishes its port. One server runs at a time, native and cVM in turn.
 */
final class PublishedServers {
  private static final Duration START_LIMIT = Duration.ofSeconds(20);

  /** A load, as a client of the host puts it on a port and says what it got. */
  private interface Load {
    /** Adds the requests a second of one run, by name. */
    void run(int port, Map<String, List<Double>> rates) throws IOException, InterruptedException;
  }

  /** The command that starts a server which listens on a port of 127.0.0.1. */
  private interface Server {
    Command on(int port) throws IOException;
  }

  private final CapVm capVm;
  private final Path scratch;
  private final int rounds;

  PublishedServers(CapVm capVm, Path scratch, int rounds) {
    this.capVm = capVm;
    this.scratch = scratch;
    this.rounds = rounds;
  }

  /** 50 clients, one request at a time and 32. */
  String redis() throws IOException, InterruptedException {
    Server server =
        port ->
            Command.of(
                scratch,
                "/usr/bin/redis-server",
                "--port",
                Integer.toString(port),
                "--save",
                "",
                "--appendonly",
                "no");
    return compare(
        "Redis over a published port, requests/s",
        server,
        (port, rates) -> {
          benchmark(port, 1, "set,get", 60_000, rates);
          benchmark(port, 32, "set,get,lpush,zadd", 600_000, rates);
        });
  }

  /** A file of 1 KiB, two workers, 32 connections that are kept. */
  String nginx() throws IOException, InterruptedException {
    Path site = Files.createDirectories(scratch.resolve("site"));
    Files.write(site.resolve("kilobyte"), new byte[1024]);
    Server server =
        port -> {
          Path configuration = site.resolve("nginx.conf");
          Files.writeString(configuration, nginxConfiguration(site, port));
          return Command.of(site, "/usr/sbin/nginx", "-c", configuration.toString());
        };
    return compare(
        "nginx over a published port, requests/s",
        server,
        (port, rates) -> {
          String url = "http://127.0.0.1:" + port + "/kilobyte";
          Path output = scratch.resolve("wrk.output");
          Runner.host().run(Command.of(site, "/usr/bin/wrk", "-t1", "-c32", "-d4s", url), output);
          collectWrk(output, rates);
        });
  }

  private static String nginxConfiguration(Path site, int port) {
    return """
    daemon off;
    worker_processes 2;
    pid %1$s/nginx.pid;
    error_log stderr;
    events { worker_connections 256; }
    http {
      access_log off;
      client_body_temp_path %1$s/body;
      proxy_temp_path %1$s/proxy;
      fastcgi_temp_path %1$s/fastcgi;
      uwsgi_temp_path %1$s/uwsgi;
      scgi_temp_path %1$s/scgi;
      sendfile on;
      server { listen 127.0.0.1:%2$d; root %1$s; }
    }
    """
        .formatted(site, port);
  }

  private String compare(String title, Server server, Load load)
      throws IOException, InterruptedException {
    Map<String, List<Double>> nativeRates = new LinkedHashMap<>();
    Map<String, List<Double>> confinedRates = new LinkedHashMap<>();
    // A server's first load, which also lets the JVM compile what it takes, does not count.
    Map<String, List<Double>> discarded = new LinkedHashMap<>();
    int nativePort = freePort();
    int confinedPort = freePort();
    try (Cvm confined = confined(server.on(confinedPort), confinedPort)) {
      int hostPort = confined.hostPorts().getFirst();
      awaitServer(hostPort);
      Process host = natively(server.on(nativePort));
      try {
        awaitServer(nativePort);
        load.run(nativePort, discarded);
        load.run(hostPort, discarded);
        for (int round = 0; round < rounds; round++) {
          load.run(nativePort, nativeRates);
          load.run(hostPort, confinedRates);
        }
      } finally {
        // Not by force: nginx ends its workers.
        host.destroy();
        host.onExit().join();
      }
    }
    MarkdownTable table = new MarkdownTable(title, "native", "cVM", "cVM / native");
    nativeRates.forEach(
        (name, rates) -> {
          double nativeRate = Report.median(rates);
          double confinedRate = Report.median(confinedRates.get(name));
          table.row(
              name,
              figure(nativeRate, 0),
              figure(confinedRate, 0),
              figure(confinedRate / nativeRate, 2));
        });
    return table.toString();
  }

  private static Process natively(Command command) throws IOException {
    return new ProcessBuilder(command.words())
        .directory(command.directory().toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private Cvm confined(Command command, int port) {
    String directory = scratch.toString();
    return capVm.start(
        CvmConfiguration.builder(command.words().getFirst())
            .arguments(command.arguments())
            .mount(new HostMount(scratch, directory, true))
            .workingDirectory(command.directory().toString())
            .publish(
                new PortMapping(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), port))
            .standardInput(StandardStream.discarded())
            .standardOutput(StandardStream.discarded())
            .standardError(StandardStream.discarded())
            .build());
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private static void awaitServer(int port) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (true) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        return;
      } catch (IOException notYet) {
        if (System.nanoTime() > deadline) {
          throw notYet;
        }
        Thread.sleep(20);
      }
    }
  }

  private void benchmark(
      int port, int depth, String tests, int requests, Map<String, List<Double>> rates)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("redis.output");
    Command command =
        Command.of(
            scratch,
            "/usr/bin/redis-benchmark",
            "-p",
            Integer.toString(port),
            "-c",
            "50",
            "-P",
            Integer.toString(depth),
            "-n",
            Integer.toString(requests),
            "-t",
            tests,
            "--csv");
    Runner.host().run(command, output);
    for (String line : Files.readAllLines(output)) {
      String[] cells = line.split("\"", -1);
      if (!cells[1].equals("test")) {
        add(rates, cells[1] + ", 50 clients, -P " + depth, Double.parseDouble(cells[3]));
      }
    }
  }

  private static void collectWrk(Path output, Map<String, List<Double>> rates) throws IOException {
    String text = Runner.text(output);
    if (text.contains("Socket errors") || text.contains("Non-2xx")) {
      throw new BenchmarkException("requests failed: " + text);
    }
    for (String line : text.lines().toList()) {
      if (line.startsWith("Requests/sec:")) {
        add(rates, "1 KiB, 32 connections", Double.parseDouble(line.substring(13).trim()));
      }
    }
  }

  private static void add(Map<String, List<Double>> rates, String name, double rate) {
    rates.computeIfAbsent(name, _ -> new ArrayList<>()).add(rate);
  }
}
