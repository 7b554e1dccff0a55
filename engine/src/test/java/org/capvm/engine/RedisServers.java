package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.capvm.image.HostMount;

/** Debian's redis-server in cVMs, each with a published port and its data in a host directory. */
final class RedisServers {
  static final Duration SOON = Duration.ofSeconds(60);

  private static final int PORT = 6379;

  private RedisServers() {}

  static Cvm server(Path data, String... arguments) {
    return server(data, Network.PRIVATE, arguments);
  }

  static Cvm server(Path data, Network network, String... arguments) {
    return start(data, network, 0, PORT, arguments);
  }

  /** A server that others reach, from their own cVMs too, at a port of the host's loopback. */
  static Cvm reachable(Path data, int port, String... arguments) {
    List<String> words = new ArrayList<>(List.of(arguments));
    words.addAll(List.of("--port", Integer.toString(port)));
    return start(data, Network.HOST, port, port, words.toArray(String[]::new));
  }

  private static Cvm start(
      Path data, Network network, int hostPort, int port, String... arguments) {
    List<String> words = new ArrayList<>(List.of(arguments));
    words.addAll(List.of("--protected-mode", "no", "--dir", "/data"));
    return ConfinedRun.capVm()
        .start(
            CvmConfiguration.builder("/usr/bin/redis-server")
                .arguments(words)
                .mount(new HostMount(data, "/data", true))
                .network(network)
                .publish(
                    new PortMapping(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), hostPort), port))
                .standardInput(StandardStream.discarded())
                .standardOutput(StandardStream.discarded())
                .standardError(StandardStream.discarded())
                .build());
  }

  /** A port of the host's loopback that nobody listens on. */
  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** A connection to a server that has loaded its data. */
  static RedisClient client(Cvm cvm) throws IOException, InterruptedException {
    return client(cvm.hostPorts().getFirst());
  }

  static RedisClient client(int port) throws IOException, InterruptedException {
    RedisClient client = RedisClient.connect(port, SOON);
    while (true) {
      try {
        client.ask("PING");
        return client;
      } catch (EOFException gone) {
        throw gone;
      } catch (IOException loading) {
        Thread.sleep(10);
      }
    }
  }

  /** Asks until a section of INFO has a line. */
  static void await(RedisClient client, String section, String line)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!client.ask("INFO", section).contains(line)) {
      assertThat(System.nanoTime()).as("still no %s", line).isLessThan(deadline);
      Thread.sleep(20);
    }
  }
}
