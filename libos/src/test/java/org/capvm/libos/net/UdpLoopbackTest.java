package org.capvm.libos.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.POLLOUT;
import static org.capvm.libos.net.SocketFixture.loopback;
import static org.capvm.libos.net.SocketFixture.port;
import static org.capvm.libos.net.SocketFixture.receive;
import static org.capvm.libos.net.SocketFixture.send;
import static org.capvm.libos.net.SocketFixture.sendTo;

import org.capvm.libos.abi.Errno;
import org.junit.jupiter.api.Test;

/** UDP inside one cVM. What is expected was seen on Linux 6.1. */
final class UdpLoopbackTest {
  private static final String AGAIN = "-" + Errno.EAGAIN;

  private final SocketFixture fixture = new SocketFixture();
  private final SocketDescription receiver = fixture.udp();
  private final SocketDescription sender = fixture.udp();

  UdpLoopbackTest() {
    receiver.bind(null, loopback(0));
  }

  @Test
  void aDatagramComesWithItsSender() {
    assertThat(sendTo(sender, "hello", receiver.localName(), null)).isEqualTo(5);
    assertThat(receiver.readiness() & POLLIN).isNotZero();
    assertThat(receiver.readableBytes()).isEqualTo(5);
    Received received = new Received();
    assertThat(receive(receiver, 100, 0, received)).isEqualTo("hello");
    assertThat(received.source()).isEqualTo(loopback(port(sender)));
    assertThat(receive(receiver, 100)).isEqualTo(AGAIN);
  }

  @Test
  void whatDoesNotFitIsLost() {
    sendTo(sender, "long datagram", receiver.localName(), null);
    Received received = new Received();
    assertThat(receive(receiver, 4, 0, received)).isEqualTo("long");
    assertThat(received.messageBytes()).isEqualTo(13);
    assertThat(receive(receiver, 4)).isEqualTo(AGAIN);
  }

  @Test
  void aConnectedSocketHearsOnlyItsPeer() {
    receiver.connect(null, loopback(9999));
    sendTo(sender, "stranger", receiver.localName(), null);
    assertThat(receive(receiver, 100)).isEqualTo(AGAIN);
    SocketDescription peer = fixture.udp();
    peer.bind(null, loopback(9999));
    sendTo(peer, "peer", receiver.localName(), null);
    assertThat(receive(receiver, 100)).isEqualTo("peer");
  }

  @Test
  void aConnectedSocketLearnsThatNobodyIsThere() {
    sender.connect(null, loopback(9));
    assertThat(send(sender, "x")).isEqualTo(1);
    assertThat(sender.readiness() & (POLLIN | POLLOUT | POLLERR))
        .isEqualTo(POLLIN | POLLOUT | POLLERR);
    assertThat(receive(sender, 1)).isEqualTo("-" + Errno.ECONNREFUSED);
    assertThat(receive(sender, 1)).isEqualTo(AGAIN);
  }

  @Test
  void aSendWithoutDestinationIsRefused() {
    assertThat(send(sender, "x")).isEqualTo(-Errno.EDESTADDRREQ);
  }

  @Test
  void aDatagramHasALargestSize() {
    assertThat(sendTo(sender, "x".repeat(65_507), receiver.localName(), null)).isEqualTo(65_507);
    assertThat(sendTo(sender, "x".repeat(65_508), receiver.localName(), null))
        .isEqualTo(-Errno.EMSGSIZE);
  }

  @Test
  void anUnspecifiedFamilyDisconnects() {
    sender.connect(null, receiver.localName());
    assertThat(sender.peerName()).isEqualTo(receiver.localName());
    sender.connect(null, new byte[16]);
    assertThatThrownBy(sender::peerName).hasMessage("ENOTCONN");
  }

  @Test
  void otherNetworksAreUnreachable() {
    byte[] elsewhere = InternetAddress.v4(0x08080808, 53).encode();
    assertThatThrownBy(() -> sender.connect(null, elsewhere)).hasMessage("ENETUNREACH");
    assertThatThrownBy(() -> sendTo(sender, "x", elsewhere, null)).hasMessage("ENETUNREACH");
  }
}
