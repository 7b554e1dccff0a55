package org.capvm.engine;

import java.net.InetSocketAddress;

/**
 * A TCP port of a cVM that can be connected to from the host.
 *
 * @param host where the host listens; port 0 lets the host choose
 * @param guestPort the port a program in the cVM listens on, 1 to 65535
 */
public record PortMapping(InetSocketAddress host, int guestPort) implements Publication {
  private static final int LAST_PORT = 65535;

  /** Checks the numbers. */
  public PortMapping {
    if (host.isUnresolved()) {
      throw new IllegalArgumentException("unknown host address: " + host.getHostString());
    }
    if (guestPort < 1 || guestPort > LAST_PORT) {
      throw new IllegalArgumentException("a port is a number from 1 to 65535: " + guestPort);
    }
  }
}
