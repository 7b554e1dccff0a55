package org.capvm.libos.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;
import static org.capvm.libos.net.SocketFixture.loopback;

import org.capvm.libos.abi.SocketType;
import org.junit.jupiter.api.Test;

/** Who may bind where. What is expected was seen on Linux 6.1. */
final class PortSpaceTest {
  private static final int PORT = 5000;

  private final SocketFixture fixture = new SocketFixture();

  private SocketDescription bound(int type, byte[] address, boolean reuseAddress) {
    SocketDescription socket = fixture.create(InternetAddress.familyOf(address), type);
    socket.options().setReuseAddress(reuseAddress);
    socket.bind(null, address);
    return socket;
  }

  private SocketDescription tcp(byte[] address, boolean reuseAddress) {
    return bound(SocketType.SOCK_STREAM, address, reuseAddress);
  }

  private static byte[] any(int family) {
    return InternetAddress.any(family, PORT).encode();
  }

  @Test
  void anAddressIsBoundOnce() {
    tcp(loopback(PORT), false);
    assertThatThrownBy(() -> tcp(loopback(PORT), false)).hasMessage("EADDRINUSE");
    assertThatThrownBy(() -> tcp(any(AF_INET), false)).hasMessage("EADDRINUSE");
  }

  @Test
  void differentAddressesShareAPort() {
    tcp(loopback(PORT), false);
    tcp(InternetAddress.v4(0x7f000002, PORT).encode(), false);
    tcp(InternetAddress.loopback(AF_INET6, PORT).encode(), false);
  }

  @Test
  void tcpAndUdpPortsAreApart() {
    tcp(loopback(PORT), false);
    bound(SocketType.SOCK_DGRAM, loopback(PORT), false);
  }

  @Test
  void aClosedSocketFreesItsPort() {
    tcp(loopback(PORT), false).release();
    tcp(loopback(PORT), false);
  }

  @Test
  void reusingAddressesIsAllowedUntilOneListens() {
    SocketDescription one = tcp(loopback(PORT), true);
    SocketDescription two = tcp(loopback(PORT), true);
    one.listen(null, 1);
    assertThatThrownBy(() -> two.listen(null, 1)).hasMessage("EADDRINUSE");
    assertThatThrownBy(() -> tcp(loopback(PORT), true)).hasMessage("EADDRINUSE");
  }

  @Test
  void aServerRestartsWhileOldConnectionsLive() {
    SocketDescription listening = tcp(loopback(PORT), true);
    listening.listen(null, 1);
    SocketDescription client = fixture.client(listening);
    SocketDescription accepted = listening.accept(null);
    listening.release();
    assertThatThrownBy(() -> tcp(loopback(PORT), false)).hasMessage("EADDRINUSE");
    tcp(loopback(PORT), true).listen(null, 1);
    client.release();
    accepted.release();
  }

  @Test
  void aWildcardOfIpv6TakesIpv4sToo() {
    tcp(any(AF_INET6), false);
    assertThatThrownBy(() -> tcp(any(AF_INET), false)).hasMessage("EADDRINUSE");
  }

  @Test
  void aWildcardOfIpv6AloneLeavesIpv4s() {
    SocketDescription six = fixture.create(AF_INET6, SocketType.SOCK_STREAM);
    six.options().setV6Only(true);
    six.bind(null, any(AF_INET6));
    tcp(any(AF_INET), false);
  }

  @Test
  void socketsThatShareAPortTakeTurns() {
    SocketDescription[] listening = new SocketDescription[2];
    for (int i = 0; i < 2; i++) {
      listening[i] = fixture.tcp();
      listening[i].options().setReusePort(true);
      listening[i].bind(null, loopback(PORT));
      listening[i].listen(null, 100);
    }
    for (int i = 0; i < 20; i++) {
      fixture.client(listening[0]);
    }
    assertThat(listening[0].readiness()).isNotZero();
    assertThat(listening[1].readiness()).isNotZero();
  }

  @Test
  void aSocketIsBoundOnce() {
    SocketDescription socket = tcp(loopback(PORT), false);
    assertThatThrownBy(() -> socket.bind(null, loopback(PORT + 1))).hasMessage("EINVAL");
  }
}
