package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs that talk over sockets: with themselves as on Linux, and with the host. */
@Timeout(120)
final class SocketsTest {
  private static final int KILLED_BY_SIGPIPE = 128 + 13;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private static CvmConfiguration.Builder redis(int hostPort) {
    return CvmConfiguration.builder("/usr/bin/redis-server")
        .arguments(List.of("--save", "", "--appendonly", "no"))
        .publish(new PortMapping(new InetSocketAddress(LOOPBACK, hostPort), 6379))
        .standardInput(StandardStream.discarded())
        .standardOutput(StandardStream.discarded())
        .standardError(StandardStream.discarded());
  }

  private static Socket connect(Cvm cvm) throws InterruptedException {
    while (true) {
      try {
        return new Socket(LOOPBACK, cvm.hostPorts().getFirst());
      } catch (IOException notYet) {
        Thread.sleep(20);
      }
    }
  }

  private static String ask(Socket redis, String command, int answerBytes) throws IOException {
    redis.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
    byte[] answer = redis.getInputStream().readNBytes(answerBytes);
    return new String(answer, StandardCharsets.US_ASCII);
  }

  @Test
  void socketsBehaveAsOnLinux() throws Exception {
    Differential.command("./sockets")
        .copy(GuestProgram.c("sockets", "-O1"))
        .agreesWithStatus(KILLED_BY_SIGPIPE);
  }

  @Test
  void redisServesTheHostThroughAPublishedPort() throws Exception {
    try (Cvm cvm = ConfinedRun.capVm().start(redis(0).build());
        Socket host = connect(cvm)) {
      assertThat(ask(host, "SET key value", 5)).isEqualTo("+OK\r\n");
      assertThat(ask(host, "GET key", 11)).isEqualTo("$5\r\nvalue\r\n");
      host.getOutputStream().write("SHUTDOWN\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(cvm.waitFor(LIMIT)).contains(new ExitStatus.Exited(0));
      assertThatThrownBy(() -> new Socket(LOOPBACK, cvm.hostPorts().getFirst()).close())
          .isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void twoCvmsListenOnTheSamePortAndDoNotMeet() throws Exception {
    try (Cvm one = ConfinedRun.capVm().start(redis(0).build());
        Cvm two = ConfinedRun.capVm().start(redis(0).build());
        Socket toOne = connect(one);
        Socket toTwo = connect(two)) {
      assertThat(ask(toOne, "SET key one", 5)).isEqualTo("+OK\r\n");
      assertThat(ask(toTwo, "GET key", 5)).isEqualTo("$-1\r\n");
    }
  }

  @Test
  void onlyTheHostsNetworkReachesTheHost() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
      String port = Integer.toString(server.getLocalPort());
      List<String> script =
          List.of(
              "-c",
              "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))",
              port);
      assertThat(status(script, Network.PRIVATE)).isEqualTo(1);
      assertThat(status(script, Network.HOST)).isZero();
    }
  }

  private static int status(List<String> script, Network network) throws InterruptedException {
    CvmConfiguration configuration =
        CvmConfiguration.builder("/usr/bin/python3")
            .arguments(script)
            .network(network)
            .standardInput(StandardStream.discarded())
            .standardOutput(StandardStream.discarded())
            .standardError(StandardStream.discarded())
            .build();
    try (Cvm cvm = ConfinedRun.capVm().start(configuration)) {
      return cvm.waitFor(LIMIT).orElseThrow().shellStatus();
    }
  }

  @Test
  void aPortThatIsTakenOnTheHostIsAConfigurationError() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, LOOPBACK)) {
      CvmConfiguration configuration = redis(taken.getLocalPort()).build();
      assertThatThrownBy(() -> ConfinedRun.capVm().start(configuration).close())
          .isInstanceOf(CvmConfigurationException.class)
          .hasMessageContaining("Address already in use");
    }
  }
}
