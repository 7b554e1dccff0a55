package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
  void redisServesTheHostThroughAPublishedSocketFile(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("redis");
    CvmConfiguration configuration =
        CvmConfiguration.builder("/usr/bin/redis-server")
            .arguments(List.of("--save", "", "--port", "0", "--unixsocket", "/tmp/redis"))
            .publish(new SocketMapping(file, "/tmp/redis"))
            .standardInput(StandardStream.discarded())
            .standardOutput(StandardStream.discarded())
            .standardError(StandardStream.discarded())
            .build();
    try (Cvm cvm = ConfinedRun.capVm().start(configuration);
        SocketChannel host = connect(file)) {
      host.write(ByteBuffer.wrap("SET key value\r\n".getBytes(StandardCharsets.US_ASCII)));
      ByteBuffer answer = ByteBuffer.allocate(5);
      while (answer.hasRemaining()) {
        assertThat(host.read(answer)).isPositive();
      }
      assertThat(new String(answer.array(), StandardCharsets.US_ASCII)).isEqualTo("+OK\r\n");
      host.write(ByteBuffer.wrap("SHUTDOWN\r\n".getBytes(StandardCharsets.US_ASCII)));
      assertThat(cvm.waitFor(LIMIT)).contains(new ExitStatus.Exited(0));
    }
    assertThat(file).doesNotExist();
  }

  private static SocketChannel connect(Path file) throws IOException, InterruptedException {
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(file));
        return channel;
      } catch (IOException notYet) {
        channel.close();
        Thread.sleep(20);
      }
    }
  }

  @Test
  void aSocketFileThatIsThereAlreadyIsAConfigurationError(@TempDir Path directory)
      throws IOException {
    Path file = Files.writeString(directory.resolve("taken"), "mine");
    CvmConfiguration configuration =
        CvmConfiguration.builder("/bin/true").publish(new SocketMapping(file, "@name")).build();
    assertThatThrownBy(() -> ConfinedRun.capVm().start(configuration).close())
        .isInstanceOf(CvmConfigurationException.class)
        .hasMessage("socket " + file + ": Address already in use");
    assertThat(file).hasContent("mine");
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
