package org.capvm.bench;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.Link;

/**
 * Requests a second that clients get from a Redis server: both as native processes, and each in a
 * cVM with a link between them. The clients time their requests themselves; how many the server in
 * its cVM answered is compared with what they claim.
 */
final class Streams implements AutoCloseable {
  private static final String SERVER = "/usr/bin/redis-server";
  private static final String PEER = "cache";
  private static final int PORT = 6379;
  private static final String SOCKET = "/tmp/redis.sock";
  private static final int PYTHON_REQUESTS = 30_000;

  /** Asks one thing at a time; prints as redis-benchmark does: a name, and requests a second. */
  private static final String PYTHON_CLIENT =
      """
      import socket, sys, time
      where = sys.argv[1]
      if where.startswith('/'):
          s = socket.socket(socket.AF_UNIX)
          s.connect(where)
      else:
          s = socket.create_connection(('127.0.0.1', int(where)))
          s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
      s.sendall(b'SET key value\\r\\n')
      assert s.recv(100) == b'+OK\\r\\n'
      count = int(sys.argv[2])
      start = time.monotonic()
      for i in range(count):
          s.sendall(b'GET key\\r\\n')
          assert s.recv(100) == b'$5\\r\\nvalue\\r\\n'
      print('"GET","%f"' % (count / (time.monotonic() - start)))
      """;

  private final Runner confined;
  private final Path scratch;
  private final int rounds;
  private final int nativePort;
  private final Path nativeSocket;
  private final NativeServer nativeServer;
  private final Cvm confinedServer;

  Streams(CapVm capVm, Path scratch, int rounds) throws IOException, InterruptedException {
    this.scratch = scratch;
    this.rounds = rounds;
    confined =
        new ConfinedRunner(
            capVm, List.of(Link.tcp(PEER, PORT), new Link.Unix(SOCKET, PEER, SOCKET)));
    nativePort = NativeServer.freePort();
    nativeSocket = Files.createTempDirectory("capvm").resolve("redis.sock");
    nativeServer =
        new NativeServer(
            server(nativePort, nativeSocket.toString()), UnixDomainSocketAddress.of(nativeSocket));
    confinedServer =
        capVm.start(ConfinedRunner.silent(server(PORT, SOCKET)).hostname(PEER).build());
  }

  private Command server(int port, String socket) {
    return Command.of(
        scratch,
        SERVER,
        "--bind",
        "127.0.0.1",
        "--port",
        Integer.toString(port),
        "--unixsocket",
        socket,
        "--save",
        "",
        "--appendonly",
        "no");
  }

  /** One row for each client and native transport; a cVM uses the link of the same kind. */
  String redis() throws IOException, InterruptedException {
    MarkdownTable table =
        new MarkdownTable("Redis, requests/s", "native", "two cVMs", "cVMs / native");
    String tcp = Integer.toString(nativePort);
    String linkedTcp = Integer.toString(PORT);
    String unix = nativeSocket.toString();
    long linkedRequests = 0;
    for (int depth : new int[] {1, 16}) {
      String name = "redis-benchmark, 50 clients, -P " + depth;
      row(table, name + ", TCP", benchmark(depth, "-p", tcp), benchmark(depth, "-p", linkedTcp));
      row(table, name + ", AF_UNIX", benchmark(depth, "-s", unix), benchmark(depth, "-s", SOCKET));
      linkedRequests += 2L * requests(depth);
    }
    row(table, "Python, 1 client, TCP", python(tcp), python(linkedTcp));
    row(table, "Python, 1 client, AF_UNIX", python(unix), python(SOCKET));
    linkedRequests += 2L * PYTHON_REQUESTS;
    requireAnswered(linkedRequests * (rounds + 1));
    return table.toString();
  }

  private Command benchmark(int depth, String option, String where) {
    return RedisBenchmark.command(scratch, option, where, depth, "get", requests(depth));
  }

  private static int requests(int depth) {
    return depth == 1 ? 200_000 : 1_000_000;
  }

  private void requireAnswered(long requests) throws IOException, InterruptedException {
    Path output = scratch.resolve("streams.output");
    String port = Integer.toString(PORT);
    confined.run(
        Command.of(scratch, "/usr/bin/redis-cli", "-p", port, "INFO", "commandstats"), output);
    if (!Runner.text(output).contains("cmdstat_get:calls=" + requests + ",")) {
      throw new BenchmarkException(
          "the server did not answer " + requests + " requests: " + Runner.text(output));
    }
  }

  private Command python(String where) {
    return Command.of(
        scratch, "/usr/bin/python3", "-c", PYTHON_CLIENT, where, Integer.toString(PYTHON_REQUESTS));
  }

  private void row(MarkdownTable table, String name, Command natively, Command linked)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("streams.output");
    List<Double> nativeRates = new ArrayList<>();
    List<Double> linkedRates = new ArrayList<>();
    for (int round = 0; round <= rounds; round++) {
      Runner.host().run(natively, output);
      double nativeRate = rate(output);
      confined.run(linked, output);
      double linkedRate = rate(output);
      // The first of each does not count.
      if (round > 0) {
        nativeRates.add(nativeRate);
        linkedRates.add(linkedRate);
      }
    }
    table.compare(name, nativeRates, linkedRates);
  }

  private static double rate(Path output) throws IOException {
    return RedisBenchmark.rates(output).get("GET");
  }

  @Override
  public void close() throws IOException {
    confinedServer.close();
    nativeServer.close();
    Files.deleteIfExists(nativeSocket);
    Files.delete(nativeSocket.getParent());
  }
}
