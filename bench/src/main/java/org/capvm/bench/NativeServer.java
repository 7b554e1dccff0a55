package org.capvm.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** A server as a process of the host, from when it takes connections until it is closed. */
final class NativeServer implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(20);

  private final Process process;

  /**
   * Starts one and waits until it can be reached.
   *
   * @param address where it listens
   */
  NativeServer(Command command, SocketAddress address) throws IOException, InterruptedException {
    process =
        new ProcessBuilder(command.words())
            .directory(command.directory().toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    boolean reached = false;
    try {
      await(address);
      reached = true;
    } finally {
      if (!reached) {
        close();
      }
    }
  }

  /** A port of the host's loopback that nobody listens on. */
  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /** A port of the host's loopback. */
  static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** Waits until somebody takes connections. */
  static void await(SocketAddress address) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (true) {
      try {
        SocketChannel.open(address).close();
        return;
      } catch (IOException notYet) {
        if (System.nanoTime() > deadline) {
          throw notYet;
        }
        Thread.sleep(20);
      }
    }
  }

  /** Asks the server to end, not by force so that it ends its workers, and waits for it. */
  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
