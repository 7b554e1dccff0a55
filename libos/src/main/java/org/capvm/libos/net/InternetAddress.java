package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;
import static org.capvm.libos.abi.AddressFamily.AF_UNSPEC;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * An IP address and a port: {@code sockaddr_in} or {@code sockaddr_in6}. An IPv4 address is held as
 * IPv6's mapped form {@code ::ffff:a.b.c.d} whatever the family, so that the two families compare.
 *
 * @param family {@code AF_INET} or {@code AF_INET6}: which form the guest gave and gets
 * @param high the upper eight bytes, most significant first
 * @param low the lower eight bytes
 * @param port 0 to 65535
 * @param scope the interface of a link-local address, or 0
 */
public record InternetAddress(int family, long high, long low, int port, int scope) {
  /** Bytes of a {@code sockaddr_in}. */
  public static final int INET_BYTES = 16;

  /** Bytes of a {@code sockaddr_in6}, and the fewest that Linux takes for one. */
  public static final int INET6_BYTES = 28;

  private static final int INET6_LEAST_BYTES = 24;
  private static final long MAPPED = 0xffff_0000_0000L;

  /** The IPv4 address {@code a.b.c.d} of the given bits. */
  public static InternetAddress v4(int address, int port) {
    return new InternetAddress(AF_INET, 0, MAPPED | Integer.toUnsignedLong(address), port, 0);
  }

  /** The IPv6 address of the given bits. */
  public static InternetAddress v6(long high, long low, int port) {
    return new InternetAddress(AF_INET6, high, low, port, 0);
  }

  /** The wildcard address of a family. */
  public static InternetAddress any(int family, int port) {
    return family == AF_INET ? v4(0, port) : v6(0, 0, port);
  }

  /** 127.0.0.1 or ::1. */
  public static InternetAddress loopback(int family, int port) {
    return family == AF_INET ? v4(0x7f000001, port) : v6(0, 1, port);
  }

  /**
   * What the guest passed to a socket of a family.
   *
   * @throws ErrnoException EINVAL if it is too short, EAFNOSUPPORT if it is of another family
   */
  public static InternetAddress parse(byte[] bytes, int socketFamily) {
    int least = socketFamily == AF_INET ? INET_BYTES : INET6_LEAST_BYTES;
    int family = familyOf(bytes);
    if (socketFamily == AF_INET6 && family == AF_INET && bytes.length >= INET_BYTES) {
      least = INET_BYTES;
    }
    if (bytes.length < least) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    int port = in.getShort(2) & 0xffff;
    if (family == AF_INET6 && socketFamily == AF_INET6) {
      int scope = bytes.length < INET6_BYTES ? 0 : in.order(ByteOrder.LITTLE_ENDIAN).getInt(24);
      in.order(ByteOrder.BIG_ENDIAN);
      return new InternetAddress(AF_INET6, in.getLong(8), in.getLong(16), port, scope);
    }
    if (socketFamily == AF_INET
        && (family == AF_INET || (family == AF_UNSPEC && in.getInt(4) == 0))) {
      return v4(in.getInt(4), port);
    }
    throw ErrnoException.of(Errno.EAFNOSUPPORT);
  }

  /** The family field of a socket address; {@code AF_UNSPEC} if it is too short to have one. */
  public static int familyOf(byte[] bytes) {
    return bytes.length < 2 ? AF_UNSPEC : (bytes[0] & 0xff) | (bytes[1] & 0xff) << 8;
  }

  /** The {@code sockaddr_in} or {@code sockaddr_in6}. */
  public byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(family == AF_INET ? INET_BYTES : INET6_BYTES);
    out.put(0, (byte) family);
    out.putShort(2, (short) port);
    if (family == AF_INET) {
      out.putInt(4, (int) low);
    } else {
      out.putLong(8, high).putLong(16, low);
      out.order(ByteOrder.LITTLE_ENDIAN).putInt(24, scope);
    }
    return out.array();
  }

  /** The same address with another port. */
  public InternetAddress withPort(int newPort) {
    return new InternetAddress(family, high, low, newPort, scope);
  }

  /** The same address in the form of another family; only IPv4 addresses have both. */
  public InternetAddress as(int newFamily) {
    return newFamily == family ? this : new InternetAddress(newFamily, high, low, port, scope);
  }

  /** Whether this is an IPv4 address, in either form. */
  public boolean isV4() {
    return high == 0 && (low & 0xffff_ffff_0000_0000L) == MAPPED;
  }

  /** Whether this is a wildcard: 0.0.0.0 or ::, or the former mapped. */
  public boolean isAny() {
    return high == 0 && (low == 0 || low == MAPPED);
  }

  /** Whether the address belongs to the loopback interface: 127.0.0.0/8 or ::1. */
  public boolean isLoopback() {
    return isV4() ? (low & 0xff00_0000L) == 0x7f00_0000L : high == 0 && low == 1;
  }

  /** Whether this is a multicast address or IPv4's broadcast to all. */
  public boolean isMulticastOrBroadcast() {
    if (isV4()) {
      return (low & 0xf000_0000L) == 0xe000_0000L || (low & 0xffff_ffffL) == 0xffff_ffffL;
    }
    return high >>> 56 == 0xff;
  }

  /** Whether two have the same address bits, whatever port and family. */
  public boolean isSameHost(InternetAddress other) {
    return high == other.high && low == other.low;
  }

  /** Where a packet for this address goes: a wildcard destination means the loopback. */
  public InternetAddress asDestination() {
    if (!isAny()) {
      return this;
    }
    return isV4()
        ? new InternetAddress(family, 0, MAPPED | 0x7f00_0001L, port, 0)
        : new InternetAddress(family, 0, 1, port, 0);
  }

  @Override
  public String toString() {
    if (isV4()) {
      return (low >> 24 & 0xff)
          + "."
          + (low >> 16 & 0xff)
          + "."
          + (low >> 8 & 0xff)
          + "."
          + (low & 0xff)
          + ":"
          + port;
    }
    return "[%x:%x:%x:%x:%x:%x:%x:%x]:%d"
        .formatted(
            high >>> 48,
            high >>> 32 & 0xffff,
            high >>> 16 & 0xffff,
            high & 0xffff,
            low >>> 48,
            low >>> 32 & 0xffff,
            low >>> 16 & 0xffff,
            low & 0xffff,
            port);
  }
}
