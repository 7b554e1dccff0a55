package org.capvm.libos.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.POLLOUT;
import static org.capvm.libos.file.PollEvents.POLLRDHUP;
import static org.capvm.libos.net.SocketFixture.loopback;
import static org.capvm.libos.net.SocketFixture.port;
import static org.capvm.libos.net.SocketFixture.receive;
import static org.capvm.libos.net.SocketFixture.send;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.MessageFlags;
import org.capvm.libos.abi.SocketType;
import org.junit.jupiter.api.Test;

/** TCP inside one cVM. What is expected was seen on Linux 6.1. */
final class TcpLoopbackTest {
  private static final String AGAIN = "-" + Errno.EAGAIN;
  private static final int EVENTS = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP;

  private final SocketFixture fixture = new SocketFixture();
  private final SocketDescription listening = fixture.listening(0, 5);
  private final SocketDescription client = fixture.client(listening);
  private final SocketDescription server = listening.accept(null);

  @Test
  void whatOneEndSendsTheOtherReceives() {
    assertThat(send(client, "request")).isEqualTo(7);
    assertThat(receive(server, 100)).isEqualTo("request");
    assertThat(send(server, "response")).isEqualTo(8);
    assertThat(receive(client, 4)).isEqualTo("resp");
    assertThat(receive(client, 100)).isEqualTo("onse");
    assertThat(receive(client, 100)).isEqualTo(AGAIN);
  }

  @Test
  void peekingLeavesTheBytes() {
    send(client, "abc");
    assertThat(receive(server, 2, MessageFlags.MSG_PEEK, null)).isEqualTo("ab");
    assertThat(receive(server, 100)).isEqualTo("abc");
  }

  @Test
  void theEndsNameEachOther() {
    assertThat(server.peerName()).isEqualTo(client.localName());
    assertThat(server.localName()).isEqualTo(client.peerName());
    assertThat(port(client)).isBetween(PortSpace.EPHEMERAL_FIRST, PortSpace.EPHEMERAL_LAST);
  }

  @Test
  void aNonBlockingConnectIsInProgressThenDoneThenRefusedAsConnected() {
    SocketDescription socket = fixture.tcp();
    byte[] address = listening.localName();
    assertThat(socket.connect(null, address)).isEqualTo(-Errno.EINPROGRESS);
    assertThat(socket.readiness() & POLLOUT).isNotZero();
    assertThat(socket.takeError()).isZero();
    assertThat(socket.connect(null, address)).isZero();
    assertThat(socket.connect(null, address)).isEqualTo(-Errno.EISCONN);
  }

  @Test
  void aClosedPortRefuses() {
    SocketDescription socket = fixture.tcp();
    assertThat(socket.connect(null, loopback(1))).isEqualTo(-Errno.EINPROGRESS);
    assertThat(socket.readiness() & EVENTS)
        .isEqualTo(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
    assertThat(socket.connect(null, loopback(1))).isEqualTo(-Errno.ECONNREFUSED);
    assertThat(socket.connect(null, loopback(1))).isEqualTo(-Errno.EINPROGRESS);
    assertThat(socket.takeError()).isEqualTo(Errno.ECONNREFUSED);
  }

  @Test
  void whatIsNotOnThisNetworkIsUnreachable() {
    byte[] elsewhere = InternetAddress.v4(0x0a000001, 80).encode();
    SocketDescription socket = fixture.tcp();
    assertThatThrownBy(() -> socket.connect(null, elsewhere)).hasMessage("ENETUNREACH");
    assertThatThrownBy(() -> fixture.tcp().bind(null, elsewhere)).hasMessage("EADDRNOTAVAIL");
  }

  @Test
  void shuttingOneDirectionLeavesTheOther() {
    send(client, "last words");
    client.shutdown(StreamTransport.SEND_SHUT);
    assertThat(server.readiness() & EVENTS).isEqualTo(POLLIN | POLLOUT | POLLRDHUP);
    assertThat(receive(server, 100)).isEqualTo("last words");
    assertThat(receive(server, 100)).isEmpty();
    assertThat(send(server, "answer")).isEqualTo(6);
    assertThat(receive(client, 100)).isEqualTo("answer");
    assertThat(send(client, "more")).isEqualTo(-Errno.EPIPE);
  }

  @Test
  void aClosedPeerIsTheEndThenABrokenPipe() {
    server.release();
    assertThat(receive(client, 100)).isEmpty();
    assertThat(send(client, "lost")).isEqualTo(4);
    assertThat(send(client, "refused")).isEqualTo(-Errno.EPIPE);
    assertThat(receive(client, 100)).isEmpty();
  }

  @Test
  void aPeerThatClosesWithDataUnreadResets() {
    send(client, "never read");
    server.release();
    assertThat(client.readiness() & EVENTS)
        .isEqualTo(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
    assertThat(receive(client, 100)).isEqualTo("-" + Errno.ECONNRESET);
    assertThat(receive(client, 100)).isEmpty();
    assertThat(send(client, "x")).isEqualTo(-Errno.EPIPE);
  }

  @Test
  void aResetConnectionHasNoPeerToName() {
    send(client, "never read");
    server.release();
    assertThatThrownBy(client::peerName).hasMessage("ENOTCONN");
  }

  @Test
  void lingeringForNoTimeResets() {
    server.options().setLinger(true, 0);
    server.release();
    assertThat(receive(client, 100)).isEqualTo("-" + Errno.ECONNRESET);
  }

  @Test
  void aSenderIsToldWhenThereIsRoomAgain() {
    String block = "x".repeat(1 << 16);
    long sent = 0;
    for (long count = send(client, block); count > 0; count = send(client, block)) {
      sent += count;
    }
    assertThat(sent).isGreaterThan(1 << 18);
    assertThat(client.readiness() & POLLOUT).isZero();
    int[] told = new int[1];
    client.waitQueue().add(events -> told[0] |= events);
    long received = 0;
    while (received < sent) {
      received += receive(server, 1 << 20).length();
    }
    assertThat(received).isEqualTo(sent);
    assertThat(told[0] & POLLOUT).isNotZero();
    assertThat(client.readiness() & POLLOUT).isNotZero();
  }

  @Test
  void aFullAcceptQueueKeepsConnectionsWaiting() {
    SocketDescription narrow = fixture.listening(0, 0);
    SocketDescription first = fixture.tcp();
    SocketDescription second = fixture.tcp();
    first.connect(null, narrow.localName());
    second.connect(null, narrow.localName());
    assertThat(first.readiness() & POLLOUT).isNotZero();
    assertThat(second.readiness() & EVENTS).isZero();
    assertThat(second.connect(null, narrow.localName())).isEqualTo(-Errno.EALREADY);
    narrow.accept(null);
    assertThat(second.readiness() & POLLOUT).isNotZero();
    narrow.accept(null);
    assertThatThrownBy(() -> narrow.accept(null)).hasMessage("EAGAIN");
  }

  @Test
  void closingAListeningSocketResetsWhatItDidNotAccept() {
    SocketDescription waiting = fixture.client(listening);
    listening.release();
    assertThat(receive(waiting, 1)).isEqualTo("-" + Errno.ECONNRESET);
    SocketDescription late = fixture.tcp();
    late.connect(null, loopback(port(server)));
    assertThat(late.takeError()).isEqualTo(Errno.ECONNREFUSED);
    assertThat(send(client, "still")).isEqualTo(5);
    assertThat(receive(server, 9)).isEqualTo("still");
  }

  @Test
  void aFreshSocketIsWritableAndHungUpAndNotConnected() {
    SocketDescription socket = fixture.tcp();
    assertThat(socket.readiness() & EVENTS).isEqualTo(POLLOUT | POLLHUP);
    assertThat(receive(socket, 1)).isEqualTo("-" + Errno.ENOTCONN);
    assertThat(send(socket, "x")).isEqualTo(-Errno.EPIPE);
    assertThatThrownBy(socket::peerName).hasMessage("ENOTCONN");
    assertThatThrownBy(() -> socket.accept(null)).hasMessage("EINVAL");
    assertThatThrownBy(() -> socket.shutdown(1)).hasMessage("ENOTCONN");
  }

  @Test
  void aListeningSocketIsReadableWhenAConnectionWaits() {
    assertThat(listening.readiness() & EVENTS).isZero();
    fixture.client(listening);
    assertThat(listening.readiness() & EVENTS).isEqualTo(POLLIN);
  }

  @Test
  void aDualStackListenerTakesIpv4Connections() {
    SocketDescription six = fixture.create(AddressFamily.AF_INET6, SocketType.SOCK_STREAM);
    six.bind(null, InternetAddress.any(AddressFamily.AF_INET6, 0).encode());
    six.listen(null, 1);
    SocketDescription four = fixture.tcp();
    four.connect(null, loopback(port(six)));
    SocketDescription accepted = six.accept(null);
    InternetAddress peer = InternetAddress.parse(accepted.peerName(), AddressFamily.AF_INET6);
    assertThat(peer.family()).isEqualTo(AddressFamily.AF_INET6);
    assertThat(peer.isV4()).isTrue();
    assertThat(peer.port()).isEqualTo(port(four));
  }

  @Test
  void anotherFamilyIsRefused() {
    byte[] six = InternetAddress.loopback(AddressFamily.AF_INET6, port(listening)).encode();
    assertThatThrownBy(() -> fixture.tcp().connect(null, six))
        .isInstanceOf(ErrnoException.class)
        .hasMessage("EAFNOSUPPORT");
  }
}
