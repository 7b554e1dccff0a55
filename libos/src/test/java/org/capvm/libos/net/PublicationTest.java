package org.capvm.libos.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.net.SocketFixture.receive;
import static org.capvm.libos.net.SocketFixture.send;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ports of a cVM as seen from the host. */
@Timeout(20)
final class PublicationTest {
  private static final int GUEST_PORT = 7000;

  private final InetAddress loopback = InetAddress.getLoopbackAddress();
  private final SocketFixture fixture = new SocketFixture();
  private final int hostPort;

  PublicationTest() {
    fixture.network.publish(loopback, 0, GUEST_PORT);
    hostPort = fixture.network.hostPorts().getFirst();
  }

  @AfterEach
  void closeNetwork() {
    fixture.network.close();
  }

  private static SocketDescription acceptFrom(SocketDescription listening)
      throws InterruptedException {
    while ((listening.readiness() & POLLIN) == 0) {
      Thread.sleep(1);
    }
    return listening.accept(null);
  }

  private static String receiveText(SocketDescription socket) throws InterruptedException {
    while ((socket.readiness() & POLLIN) == 0) {
      Thread.sleep(1);
    }
    return receive(socket, 100);
  }

  @Test
  void aConnectionFromTheHostIsAcceptedAndCarriesData() throws Exception {
    SocketDescription listening = fixture.listening(GUEST_PORT, 5);
    try (Socket host = new Socket(loopback, hostPort)) {
      SocketDescription accepted = acceptFrom(listening);
      assertThat(accepted.isHostPolled()).isTrue();
      assertThat(accepted.waitQueue()).isNull();
      assertThat(SocketFixture.port(accepted)).isEqualTo(GUEST_PORT);
      assertThat(accepted.peerName())
          .isEqualTo(InternetAddress.v4(0x7f000001, host.getLocalPort()).encode());
      host.getOutputStream().write("from the host".getBytes(StandardCharsets.US_ASCII));
      assertThat(receiveText(accepted)).isEqualTo("from the host");
      assertThat(send(accepted, "from the guest")).isEqualTo(14);
      assertThat(host.getInputStream().readNBytes(14)).asString().isEqualTo("from the guest");
      accepted.shutdown(StreamTransport.SEND_SHUT);
      assertThat(host.getInputStream().read()).isEqualTo(-1);
      accepted.release();
    }
  }

  @Test
  void nobodyIsLetInBeforeTheGuestListensAndAfterItStops() throws IOException {
    assertThatThrownBy(() -> new Socket(loopback, hostPort).close())
        .isInstanceOf(ConnectException.class);
    SocketDescription listening = fixture.listening(GUEST_PORT, 5);
    new Socket(loopback, hostPort).close();
    listening.release();
    assertThatThrownBy(() -> new Socket(loopback, hostPort).close())
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void aServerThatRestartsIsFoundAgain() throws Exception {
    fixture.listening(GUEST_PORT, 5).release();
    SocketDescription listening = fixture.listening(GUEST_PORT, 5);
    try (Socket host = new Socket(loopback, hostPort)) {
      SocketDescription accepted = acceptFrom(listening);
      host.getOutputStream().write('x');
      assertThat(receiveText(accepted)).isEqualTo("x");
      accepted.release();
    }
  }

  @Test
  void connectionsBeyondTheBacklogWaitForTheirTurn() throws Exception {
    SocketDescription listening = fixture.listening(GUEST_PORT, 0);
    Socket[] hosts = new Socket[5];
    for (int i = 0; i < hosts.length; i++) {
      hosts[i] = new Socket(loopback, hostPort);
    }
    for (Socket host : hosts) {
      acceptFrom(listening).release();
    }
    for (Socket host : hosts) {
      assertThat(host.getInputStream().read()).isEqualTo(-1);
      host.close();
    }
  }

  @Test
  void theGuestsOwnConnectionsStayInside() {
    SocketDescription listening = fixture.listening(GUEST_PORT, 5);
    SocketDescription client = fixture.client(listening);
    SocketDescription accepted = listening.accept(null);
    assertThat(accepted.isHostPolled()).isFalse();
    send(client, "inside");
    assertThat(receive(accepted, 10)).isEqualTo("inside");
  }

  @Test
  void aPortThatIsTakenOnTheHostIsAnError() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, loopback)) {
      assertThatThrownBy(
              () -> fixture.network.publish(loopback, taken.getLocalPort(), GUEST_PORT + 1))
          .isInstanceOf(ErrnoException.class)
          .hasMessage("EADDRINUSE");
    }
  }
}
