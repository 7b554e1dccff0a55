package org.capvm.libos.net;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;

/**
 * A published port at work. The host's port is bound from the start, so that nobody else gets it,
 * and listens while something in the cVM does. Connections are accepted on the watcher's thread and
 * put into the guest socket's accept queue as long as that has room; the host's own queue holds the
 * rest.
 *
 * <p>Thread-safe; its monitor is taken before a queue's.
 */
final class Publication implements AutoCloseable {
  private final NetworkNamespace network;
  private final int guestPort;
  private final int descriptor;
  private boolean listening;
  private boolean stalled;
  private boolean closed;

  Publication(NetworkNamespace network, InternetAddress address, int guestPort) {
    this.network = network;
    this.guestPort = guestPort;
    int bound = bound(address);
    if (address.port() == 0) {
      // Only a port that was asked for by number stays bound when listening ends.
      int chosen = bound;
      int port = HostAddresses.decode(HostSockets.localName(chosen)).port();
      try {
        bound = bound(address.withPort(port));
      } finally {
        Hostcalls.close(chosen);
      }
    }
    descriptor = bound;
  }

  private static int bound(InternetAddress address) {
    int socket =
        (int) ErrnoException.check(HostSockets.socket(address.family(), SocketType.SOCK_STREAM));
    long result = HostSockets.reuseAddress(socket);
    if (result == 0) {
      result = HostSockets.bind(socket, address.encode());
    }
    if (result < 0) {
      Hostcalls.close(socket);
      ErrnoException.check(result);
    }
    return socket;
  }

  int guestPort() {
    return guestPort;
  }

  /** The port on the host. */
  int hostPort() {
    return HostAddresses.decode(HostSockets.localName(descriptor)).port();
  }

  /** Starts or stops listening as the guest does, and goes on accepting if there is room again. */
  void update() {
    synchronized (this) {
      if (closed) {
        return;
      }
      boolean wanted = network.tcp().hasListener(guestPort);
      if (wanted && !listening) {
        ErrnoException.check(HostSockets.listen(descriptor, SocketType.SOMAXCONN));
        listening = true;
        stalled = false;
        network.watcher().watch(descriptor, this::acceptAll);
      } else if (!wanted && listening) {
        listening = false;
        network.watcher().forget(descriptor);
        HostSockets.shutdown(descriptor, SocketType.SHUT_RDWR);
      } else if (stalled) {
        stalled = false;
        network.watcher().rearm(descriptor);
      }
    }
  }

  /** On the watcher's thread: connections wait. */
  private void acceptAll() {
    synchronized (this) {
      while (listening && !closed) {
        InternetStreamSocket listener = network.publishedListener(guestPort);
        if (listener == null || !listener.hasRoomToAdmit()) {
          stalled = true;
          return;
        }
        int connection = (int) HostSockets.accept(descriptor);
        if (connection < 0) {
          network.watcher().rearm(descriptor);
          return;
        }
        listener.admit(connection, HostAddresses.decode(HostSockets.peerName(connection)));
      }
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      if (!closed) {
        closed = true;
        if (listening) {
          network.watcher().forget(descriptor);
        }
        Hostcalls.close(descriptor);
      }
    }
  }
}
