package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/** Addresses of the host's sockets, which have the guest's layout. */
final class HostAddresses {
  private HostAddresses() {}

  /** An address of the JDK's. */
  static InternetAddress of(InetAddress address, int port) {
    byte[] bytes = address.getAddress();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return bytes.length == 4
        ? InternetAddress.v4(in.getInt(), port)
        : InternetAddress.v6(in.getLong(), in.getLong(), port);
  }

  /** What the host says a socket's address is; the wildcard if it does not know any more. */
  static InternetAddress decode(byte[] bytes) {
    int family = InternetAddress.familyOf(bytes);
    return family == AF_INET || family == AF_INET6
        ? InternetAddress.parse(bytes, family)
        : InternetAddress.any(AF_INET, 0);
  }
}
