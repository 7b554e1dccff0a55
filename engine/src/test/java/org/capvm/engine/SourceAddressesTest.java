package org.capvm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where servers of the host see a cVM's connections and datagrams come from. */
@Timeout(180)
final class SourceAddressesTest {
  @Test
  void boundSocketsReachTheHostFromTheirOwnAddress() throws Exception {
    try (ServerSocket tcp = new ServerSocket(0, 50);
        DatagramSocket udp = new DatagramSocket(0)) {
      Thread.ofVirtual().start(() -> answer(tcp));
      Thread.ofPlatform().daemon().start(() -> answer(udp));
      List<String> arguments = new ArrayList<>(List.of("source_addresses.py"));
      for (int port : new int[] {tcp.getLocalPort(), udp.getLocalPort(), freePort()}) {
        arguments.add(Integer.toString(port));
      }
      arguments.addAll(hostAddresses());
      Differential.command("/usr/bin/python3", arguments.toArray(String[]::new))
          .copy(TestPaths.GUEST_SOURCES.resolve("python/source_addresses.py"))
          .reachingTheHost()
          .agreesWithStatus(0);
    }
  }

  /** Tells each client its address. */
  private static void answer(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket client = server.accept()) {
        client.getOutputStream().write(text(client.getInetAddress()));
      } catch (SocketException over) {
        // The test's end, or a client that has gone.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void answer(DatagramSocket server) {
    DatagramPacket packet = new DatagramPacket(new byte[100], 100);
    while (!server.isClosed()) {
      try {
        server.receive(packet);
        byte[] answer = text(packet.getAddress());
        server.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      } catch (SocketException over) {
        // The test's end, or a client that has gone.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static byte[] text(InetAddress address) {
    return address.getHostAddress().getBytes(StandardCharsets.US_ASCII);
  }

  private static int freePort() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      return taken.getLocalPort();
    }
  }

  /** Up to one address of each family that is not on the loopback and means the same everywhere. */
  private static List<String> hostAddresses() throws SocketException {
    List<InetAddress> all =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(Predicate.not(InetAddress::isLoopbackAddress))
            .filter(Predicate.not(InetAddress::isLinkLocalAddress))
            .toList();
    List<String> chosen = new ArrayList<>();
    for (boolean v4 : new boolean[] {true, false}) {
      all.stream()
          .filter(address -> address instanceof Inet4Address == v4)
          .findFirst()
          .ifPresent(address -> chosen.add(address.getHostAddress().replaceFirst("%.*", "")));
    }
    return chosen;
  }
}
