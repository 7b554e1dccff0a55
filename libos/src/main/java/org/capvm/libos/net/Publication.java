package org.capvm.libos.net;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;

/**
 * An address of the host at work for a listening socket of the cVM. It is the host's from the
 * start, so that nobody else gets it, and listens while something in the cVM does. Connections are
 * accepted on the watcher's thread and put into the guest socket's accept queue as long as that has
 * room; the host's own queue holds the rest.
 *
 * <p>Thread-safe; its monitor is taken before a queue's.
 */
abstract sealed class Publication implements AutoCloseable
    permits PortPublication, UnixPublication {
  private final NetworkNamespace network;
  private int descriptor;
  private boolean listening;
  private boolean stalled;
  private boolean closed;

  /**
   * @param descriptor a socket of the host that is bound to the address; it is owned from now on
   */
  Publication(NetworkNamespace network, int descriptor) {
    this.network = network;
    this.descriptor = descriptor;
  }

  /**
   * A socket of the host that is bound to an address.
   *
   * @throws ErrnoException what {@code bind} on the host said
   */
  static int bound(int family, byte[] address) {
    int socket = (int) ErrnoException.check(HostSockets.socket(family, SocketType.SOCK_STREAM));
    long result = HostSockets.reuseAddress(socket);
    if (result == 0) {
      result = HostSockets.bind(socket, address);
    }
    if (result < 0) {
      Hostcalls.close(socket);
      ErrnoException.check(result);
    }
    return socket;
  }

  /** The socket in the cVM that gets the connections, or null while none listens. */
  abstract StreamSocket listener();

  /** Puts a connection of the host's into the listener's queue. */
  abstract void admit(StreamSocket listener, int connection);

  /**
   * Makes the socket refuse connections when it has listened.
   *
   * @return the socket, or -1 if it had to be closed for that
   */
  abstract int refuse(int listened);

  /**
   * Another socket that is bound to the address, when the last one was closed by {@link #refuse}.
   *
   * @throws ErrnoException if that is not possible any more
   */
  abstract int bindAgain();

  /** The host's socket. */
  final synchronized int descriptor() {
    return descriptor;
  }

  /** Starts or stops listening as the guest does, and goes on accepting if there is room again. */
  final synchronized void update() {
    if (closed) {
      return;
    }
    boolean wanted = listener() != null;
    if (wanted && !listening) {
      if (descriptor < 0) {
        descriptor = bindAgain();
      }
      ErrnoException.check(HostSockets.listen(descriptor, SocketType.SOMAXCONN));
      listening = true;
      stalled = false;
      network.watcher().watch(descriptor, this::acceptAll);
    } else if (!wanted && listening) {
      listening = false;
      network.watcher().forget(descriptor);
      descriptor = refuse(descriptor);
    } else if (stalled) {
      stalled = false;
      network.watcher().rearm(descriptor);
    }
  }

  /** On the watcher's thread: connections wait. */
  private synchronized void acceptAll() {
    while (listening && !closed) {
      StreamSocket listener = listener();
      if (listener == null || !listener.hasRoomToAdmit()) {
        stalled = true;
        return;
      }
      int connection = (int) HostSockets.accept(descriptor);
      if (connection < 0) {
        network.watcher().rearm(descriptor);
        return;
      }
      admit(listener, connection);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (listening) {
        network.watcher().forget(descriptor);
      }
      if (descriptor >= 0) {
        Hostcalls.close(descriptor);
      }
    }
  }
}
