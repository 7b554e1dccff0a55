package org.capvm.engine;

/**
 * A way from one cVM into another one of the same {@link CapVm}, for programs that know nothing of
 * it: they connect to an address of their own cVM and reach a program of the peer. The bytes stay
 * in the JVM; the host's kernel has no socket of it.
 *
 * <p>The peer is named by the host name its configuration gives. It is looked up at each
 * connection, so it may start later; while it does not run, or several have its name, connections
 * are refused. Open files cannot be sent over a link, and neither side learns the other's
 * credentials.
 */
public sealed interface Link {
  /** The host name of the cVM it leads to. */
  String peer();

  /**
   * A TCP port of the cVM's loopback, IPv4 and IPv6. A program of the cVM that listens on the port
   * comes first. The peer's name leads to the loopback by the cVM's {@code /etc/hosts}, unless
   * something is mounted there.
   *
   * @param port where programs of the cVM connect to, 1 to 65535
   * @param peerPort where the peer's program listens, 1 to 65535; it sees connections from its own
   *     loopback
   */
  record Tcp(int port, String peer, int peerPort) implements Link {
    private static final int LAST_PORT = 65535;

    /** Checks the numbers. */
    public Tcp {
      requirePeer(peer);
      requirePort(port);
      requirePort(peerPort);
    }

    private static void requirePort(int port) {
      if (port < 1 || port > LAST_PORT) {
        throw new IllegalArgumentException("a port is a number from 1 to 65535: " + port);
      }
    }
  }

  /**
   * An AF_UNIX name, for sockets of type stream and seqpacket: an absolute path, where the cVM gets
   * a socket file, or an abstract name, written with {@code @} in front.
   *
   * @param name what programs of the cVM connect to
   * @param peerName what the peer's program binds to, in the same spelling
   */
  record Unix(String name, String peer, String peerName) implements Link {
    /** Checks the names. */
    public Unix {
      requirePeer(peer);
      requireName(name);
      requireName(peerName);
    }

    /** Refuses what is neither an absolute path nor an abstract name. */
    static void requireName(String name) {
      if (!name.startsWith("@") && (!name.startsWith("/") || name.endsWith("/"))) {
        throw new IllegalArgumentException(
            "an AF_UNIX name is an absolute path or begins with @: " + name);
      }
    }
  }

  private static void requirePeer(String peer) {
    if (peer.isEmpty()) {
      throw new IllegalArgumentException("a link needs the host name of a cVM to lead to");
    }
  }

  /** A port of the loopback that leads to the same port of a peer. */
  static Link tcp(String peer, int port) {
    return new Tcp(port, peer, port);
  }
}
