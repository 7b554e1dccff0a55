package org.capvm.bench;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.PortMapping;
import org.capvm.image.HostMount;

/**
 * Requests a second that the host's own clients get over TCP from a server: as a native process,
 * and in a cVM that publishes its port. One server runs at a time, native and cVM in turn.
 */
final class PublishedServers {
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
    int nativePort = NativeServer.freePort();
    int confinedPort = NativeServer.freePort();
    try (Cvm confined = confined(server.on(confinedPort), confinedPort)) {
      int hostPort = confined.hostPorts().getFirst();
      NativeServer.await(NativeServer.loopback(hostPort));
      SocketAddress nativeAddress = NativeServer.loopback(nativePort);
      try (NativeServer _ = new NativeServer(server.on(nativePort), nativeAddress)) {
        load.run(nativePort, discarded);
        load.run(hostPort, discarded);
        for (int round = 0; round < rounds; round++) {
          load.run(nativePort, nativeRates);
          load.run(hostPort, confinedRates);
        }
      }
    }
    MarkdownTable table = new MarkdownTable(title, "native", "cVM", "cVM / native");
    nativeRates.forEach((name, rates) -> table.compare(name, rates, confinedRates.get(name)));
    return table.toString();
  }

  private Cvm confined(Command command, int port) {
    String directory = scratch.toString();
    return capVm.start(
        ConfinedRunner.silent(command)
            .mount(new HostMount(scratch, directory, true))
            .workingDirectory(command.directory().toString())
            .publish(new PortMapping(NativeServer.loopback(0), port))
            .build());
  }

  private void benchmark(
      int port, int depth, String tests, int requests, Map<String, List<Double>> rates)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("redis.output");
    Runner.host()
        .run(
            RedisBenchmark.command(scratch, "-p", Integer.toString(port), depth, tests, requests),
            output);
    RedisBenchmark.rates(output)
        .forEach((test, rate) -> add(rates, test + ", 50 clients, -P " + depth, rate));
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
