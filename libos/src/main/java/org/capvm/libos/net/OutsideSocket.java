package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;
import static org.capvm.libos.abi.SocketOptionNames.SOL_SOCKET;
import static org.capvm.libos.abi.SocketOptionNames.SO_REUSEADDR;
import static org.capvm.libos.abi.SocketOptionNames.SO_REUSEPORT;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;

/**
 * The socket of the host through which a guest's TCP or UDP socket reaches what is outside the cVM:
 * of the same family, with the same options and, where the guest's is bound, with its address.
 * Whoever opens it owns its descriptor. Where the host has no IPv6, IPv4 stands in for it.
 */
final class OutsideSocket {
  /** An address of family AF_UNSPEC, which is 0. */
  private static final byte[] NOBODY = new byte[InternetAddress.INET_BYTES];

  private final int descriptor;
  private final int family;
  private boolean bound;

  private OutsideSocket(int descriptor, int family) {
    this.descriptor = descriptor;
    this.family = family;
  }

  /**
   * Opens one.
   *
   * @param type {@code SOCK_STREAM} or {@code SOCK_DGRAM}
   * @throws ErrnoException what {@code socket} on the host said
   */
  static OutsideSocket open(int family, int type) {
    long opened = HostSockets.socket(family, type);
    if (opened == -Errno.EAFNOSUPPORT && family == AF_INET6) {
      return new OutsideSocket(
          (int) ErrnoException.check(HostSockets.socket(AF_INET, type)), AF_INET);
    }
    return new OutsideSocket((int) ErrnoException.check(opened), family);
  }

  /**
   * Refuses, with what the host's {@code bind} says (EADDRNOTAVAIL), an address that is not the
   * host's own.
   */
  static void requireLocal(InternetAddress address) {
    OutsideSocket probe = open(address.family(), SocketType.SOCK_STREAM);
    try {
      probe.bindAddress(address);
    } finally {
      Hostcalls.close(probe.descriptor);
    }
  }

  int descriptor() {
    return descriptor;
  }

  /** Sets the options that the guest set on its own socket. */
  void apply(SocketOptions options) {
    options
        .stored()
        .forEach(
            (option, value) ->
                HostSockets.setOption(descriptor, option.level(), option.name(), value));
  }

  /** Binds to an address and a port of the host's choice, unless that was done already. */
  void bindAddress(InternetAddress address) {
    bindOnce(address.withPort(0));
  }

  /**
   * Binds as the guest's socket is bound, unless that was done already. A port that the program did
   * not choose may become another, and so does one that is the superuser's: that a cVM may use it
   * in its own ports says nothing about the host's.
   *
   * @throws ErrnoException what {@code bind} on the host said
   */
  void bind(PortSpace.Binding wanted, SocketOptions options) {
    InternetAddress address = wanted.address();
    if (address.port() < NetworkNamespace.FIRST_UNPRIVILEGED_PORT) {
      address = address.withPort(0);
    }
    HostSockets.setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, options.reuseAddress() ? 1 : 0);
    HostSockets.setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, options.reusePort() ? 1 : 0);
    try {
      bindOnce(address);
    } catch (ErrnoException e) {
      if (e.errno() != Errno.EADDRINUSE || wanted.isPortChosen()) {
        throw e;
      }
      bindOnce(address.withPort(0));
    }
  }

  private void bindOnce(InternetAddress address) {
    if (!bound) {
      ErrnoException.check(HostSockets.bind(descriptor, name(address)));
      bound = true;
    }
  }

  /** {@code connect}. Returns 0 or -errno. */
  long connect(InternetAddress destination) {
    return HostSockets.connect(descriptor, name(destination));
  }

  /** Makes the socket as if it had never been connected; it stays bound. */
  void disconnect() {
    HostSockets.connect(descriptor, NOBODY);
  }

  /** What the host says the socket's own address is. */
  InternetAddress localAddress() {
    return HostAddresses.decode(HostSockets.localName(descriptor));
  }

  /** An address in the form that this socket takes. */
  byte[] name(InternetAddress address) {
    if (family == AF_INET6 || address.isV4()) {
      return address.as(family).encode();
    }
    return address.isAny()
        ? InternetAddress.any(family, address.port()).encode()
        : address.encode();
  }
}
