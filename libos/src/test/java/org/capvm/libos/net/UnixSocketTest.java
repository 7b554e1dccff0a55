package org.capvm.libos.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.POLLOUT;
import static org.capvm.libos.file.PollEvents.POLLRDHUP;
import static org.capvm.libos.net.SocketFixture.abstractName;
import static org.capvm.libos.net.SocketFixture.receive;
import static org.capvm.libos.net.SocketFixture.send;
import static org.capvm.libos.net.SocketFixture.sendTo;

import java.util.List;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.MessageFlags;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.file.FileDescription;
import org.junit.jupiter.api.Test;

/** AF_UNIX sockets without files: pairs and abstract names. */
final class UnixSocketTest {
  private static final String AGAIN = "-" + Errno.EAGAIN;
  private static final int EVENTS = POLLIN | POLLOUT | POLLHUP | POLLRDHUP;

  private final SocketFixture fixture = new SocketFixture();

  private SocketDescription unix(int type) {
    return fixture.create(AddressFamily.AF_UNIX, type);
  }

  private SocketDescription listening(String name, int type, int backlog) {
    SocketDescription socket = unix(type);
    socket.bind(null, abstractName(name));
    socket.listen(null, backlog);
    return socket;
  }

  @Test
  void aPairIsConnected() {
    SocketDescription[] pair = fixture.pair(SocketType.SOCK_STREAM);
    send(pair[0], "there");
    send(pair[0], " and");
    assertThat(receive(pair[1], 100)).isEqualTo("there and");
    send(pair[1], "back");
    assertThat(receive(pair[0], 100)).isEqualTo("back");
  }

  @Test
  void aClosedPeerIsSeenAtOnce() {
    SocketDescription[] pair = fixture.pair(SocketType.SOCK_STREAM);
    send(pair[0], "rest");
    pair[0].release();
    assertThat(pair[1].readiness() & EVENTS).isEqualTo(POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    assertThat(send(pair[1], "x")).isEqualTo(-Errno.EPIPE);
    assertThat(receive(pair[1], 100)).isEqualTo("rest");
    assertThat(receive(pair[1], 100)).isEmpty();
  }

  @Test
  void aPeerThatClosesWithDataUnreadResets() {
    SocketDescription[] pair = fixture.pair(SocketType.SOCK_STREAM);
    send(pair[0], "unread");
    pair[1].release();
    assertThat(receive(pair[0], 1)).isEqualTo("-" + Errno.ECONNRESET);
    assertThat(send(pair[0], "x")).isEqualTo(-Errno.EPIPE);
  }

  @Test
  void packetsKeepTheirBoundaries() {
    SocketDescription[] pair = fixture.pair(SocketType.SOCK_SEQPACKET);
    send(pair[0], "first");
    send(pair[0], "");
    send(pair[0], "second");
    Received received = new Received();
    assertThat(receive(pair[1], 3, 0, received)).isEqualTo("fir");
    assertThat(received.flags()).isEqualTo(MessageFlags.MSG_TRUNC);
    assertThat(received.messageBytes()).isEqualTo(5);
    assertThat(receive(pair[1], 100)).isEmpty();
    assertThat(receive(pair[1], 100)).isEqualTo("second");
    assertThat(receive(pair[1], 100)).isEqualTo(AGAIN);
  }

  @Test
  void openFilesTravelWithTheirBytes() {
    SocketDescription[] pair = fixture.pair(SocketType.SOCK_STREAM);
    FileDescription file = fixture.tcp();
    file.retain();
    send(pair[0], "before");
    sendTo(pair[0], "with", null, new Ancillary(List.of(file), PeerCredentials.UNKNOWN, null));
    send(pair[0], "after");
    Received before = new Received();
    assertThat(receive(pair[1], 100, 0, before)).isEqualTo("before");
    assertThat(before.ancillary()).isNull();
    Received with = new Received();
    assertThat(receive(pair[1], 100, 0, with)).isEqualTo("with");
    assertThat(with.ancillary().files()).containsExactly(file);
    with.ancillary().release();
    assertThat(receive(pair[1], 100, 0, new Received())).isEqualTo("after");
    file.release();
  }

  @Test
  void openFilesNobodyReceivesAreClosed() {
    SocketDescription[] pair = fixture.pair(SocketType.SOCK_STREAM);
    SocketDescription[] carried = fixture.pair(SocketType.SOCK_STREAM);
    Ancillary ancillary = new Ancillary(List.of(carried[0]), PeerCredentials.UNKNOWN, null);
    sendTo(pair[0], "lost", null, ancillary);
    pair[1].release();
    assertThat(receive(carried[1], 1)).isEmpty();
  }

  @Test
  void abstractNamesAreBoundOnceAndFreed() {
    SocketDescription one = listening("name", SocketType.SOCK_STREAM, 1);
    SocketDescription two = unix(SocketType.SOCK_STREAM);
    assertThatThrownBy(() -> two.bind(null, abstractName("name"))).hasMessage("EADDRINUSE");
    one.release();
    assertThatThrownBy(() -> two.connect(null, abstractName("name"))).hasMessage("ECONNREFUSED");
    two.bind(null, abstractName("name"));
  }

  @Test
  void aConnectionIsAcceptedAndNamesItsListener() {
    SocketDescription server = listening("name", SocketType.SOCK_STREAM, 1);
    SocketDescription client = unix(SocketType.SOCK_STREAM);
    assertThat(client.connect(null, abstractName("name"))).isZero();
    SocketDescription accepted = server.accept(null);
    assertThat(client.peerName()).isEqualTo(abstractName("name"));
    assertThat(accepted.localName()).isEqualTo(abstractName("name"));
    assertThat(accepted.peerName()).isEqualTo(new byte[] {1, 0});
    assertThat(client.connect(null, abstractName("name"))).isEqualTo(-Errno.EISCONN);
  }

  @Test
  void aFullBacklogMakesConnectWait() {
    SocketDescription server = listening("name", SocketType.SOCK_STREAM, 0);
    assertThat(unix(SocketType.SOCK_STREAM).connect(null, abstractName("name"))).isZero();
    assertThat(unix(SocketType.SOCK_STREAM).connect(null, abstractName("name")))
        .isEqualTo(-Errno.EAGAIN);
    server.accept(null);
    assertThat(unix(SocketType.SOCK_STREAM).connect(null, abstractName("name"))).isZero();
  }

  @Test
  void typesDoNotMix() {
    listening("name", SocketType.SOCK_STREAM, 1);
    SocketDescription packets = unix(SocketType.SOCK_SEQPACKET);
    assertThatThrownBy(() -> packets.connect(null, abstractName("name"))).hasMessage("EPROTOTYPE");
  }

  @Test
  void datagramsComeWithTheirSender() {
    SocketDescription receiver = unix(SocketType.SOCK_DGRAM);
    receiver.bind(null, abstractName("to"));
    SocketDescription sender = unix(SocketType.SOCK_DGRAM);
    sender.bind(null, abstractName("from"));
    assertThat(sendTo(sender, "hello", abstractName("to"), null)).isEqualTo(5);
    Received received = new Received();
    assertThat(receive(receiver, 100, 0, received)).isEqualTo("hello");
    assertThat(received.source()).isEqualTo(abstractName("from"));
  }

  @Test
  void aDatagramReceiverThatIsGoneRefuses() {
    SocketDescription receiver = unix(SocketType.SOCK_DGRAM);
    receiver.bind(null, abstractName("to"));
    SocketDescription sender = unix(SocketType.SOCK_DGRAM);
    sender.connect(null, abstractName("to"));
    receiver.release();
    assertThat(send(sender, "x")).isEqualTo(-Errno.ECONNREFUSED);
    assertThat(send(sender, "x")).isEqualTo(-Errno.ENOTCONN);
  }

  @Test
  void aFullDatagramReceiverMakesItsPeerWait() {
    SocketDescription receiver = unix(SocketType.SOCK_DGRAM);
    receiver.bind(null, abstractName("to"));
    SocketDescription sender = unix(SocketType.SOCK_DGRAM);
    sender.connect(null, abstractName("to"));
    int sent = 0;
    while (send(sender, "x".repeat(1000)) > 0) {
      sent++;
    }
    assertThat(sent).isGreaterThan(50);
    assertThat(sender.readiness() & POLLOUT).isZero();
    for (int i = 0; i < sent; i++) {
      receive(receiver, 2000);
    }
    assertThat(sender.readiness() & POLLOUT).isNotZero();
  }

  @Test
  void anEmptyAddressBindsToAnAbstractNameOfItsOwn() {
    SocketDescription socket = unix(SocketType.SOCK_DGRAM);
    socket.bind(null, UnixAddress.UNNAMED.encode());
    assertThat(new String(socket.localName(), 2, 6)).matches("\0[0-9a-f]{5}");
  }

  @Test
  void networksDoNotShareNames() {
    listening("name", SocketType.SOCK_STREAM, 1);
    SocketDescription stranger =
        new SocketFixture().create(AddressFamily.AF_UNIX, SocketType.SOCK_STREAM);
    assertThatThrownBy(() -> stranger.connect(null, abstractName("name")))
        .hasMessage("ECONNREFUSED");
  }
}
