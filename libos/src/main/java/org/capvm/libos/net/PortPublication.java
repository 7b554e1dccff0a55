package org.capvm.libos.net;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;

/** A published TCP port. */
final class PortPublication extends Publication {
  private final NetworkNamespace network;
  private final int guestPort;

  /**
   * @param address where the host listens; port 0 lets the host choose
   * @throws ErrnoException what {@code bind} on the host said
   */
  PortPublication(NetworkNamespace network, InternetAddress address, int guestPort) {
    super(network, reserved(address));
    this.network = network;
    this.guestPort = guestPort;
  }

  private static int reserved(InternetAddress address) {
    int bound = bound(address);
    if (address.port() != 0) {
      return bound;
    }
    // Only a port that was asked for by number stays bound when listening ends.
    try {
      return bound(address.withPort(HostAddresses.decode(HostSockets.localName(bound)).port()));
    } finally {
      Hostcalls.close(bound);
    }
  }

  private static int bound(InternetAddress address) {
    return bound(address.family(), address.encode());
  }

  int guestPort() {
    return guestPort;
  }

  /** The port on the host. */
  int hostPort() {
    return HostAddresses.decode(HostSockets.localName(descriptor())).port();
  }

  @Override
  StreamSocket listener() {
    return network.publishedListener(guestPort);
  }

  @Override
  void admit(StreamSocket listener, int connection) {
    ((InternetStreamSocket) listener)
        .admit(connection, HostAddresses.decode(HostSockets.peerName(connection)));
  }

  @Override
  int refuse(int listened) {
    HostSockets.shutdown(listened, SocketType.SHUT_RDWR);
    return listened;
  }

  @Override
  int bindAgain() {
    throw new IllegalStateException("a port stays bound");
  }
}
