package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;
import static org.capvm.libos.abi.AddressFamily.AF_MAX;
import static org.capvm.libos.abi.AddressFamily.AF_NETLINK;
import static org.capvm.libos.abi.AddressFamily.AF_PACKET;
import static org.capvm.libos.abi.AddressFamily.AF_UNIX;
import static org.capvm.libos.abi.SocketOptionNames.IPPROTO_ICMP;
import static org.capvm.libos.abi.SocketOptionNames.IPPROTO_TCP;
import static org.capvm.libos.abi.SocketOptionNames.IPPROTO_UDP;
import static org.capvm.libos.abi.SocketOptionNames.IPPROTO_UDPLITE;
import static org.capvm.libos.abi.SocketType.SOCK_DGRAM;
import static org.capvm.libos.abi.SocketType.SOCK_MAX;
import static org.capvm.libos.abi.SocketType.SOCK_RAW;
import static org.capvm.libos.abi.SocketType.SOCK_SEQPACKET;
import static org.capvm.libos.abi.SocketType.SOCK_STREAM;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/** Which sockets there are, and the errors for those there are not, in Linux's order. */
final class SocketCreation {
  /** One more than Linux's highest protocol, that of MPTCP. */
  private static final int IPPROTO_MAX = 263;

  private SocketCreation() {}

  /** A socket of a family, a type without flags and a protocol. */
  static SocketDescription create(NetworkNamespace network, int family, int type, int protocol) {
    requireInRange(family, type);
    return switch (family) {
      case AF_UNIX -> unix(network, type, protocol);
      case AF_INET, AF_INET6 -> internet(network, family, type, protocol);
      case AF_NETLINK -> netlink(network, type, protocol);
      case AF_PACKET -> throw ErrnoException.of(Errno.EPERM);
      default -> throw ErrnoException.of(Errno.EAFNOSUPPORT);
    };
  }

  private static void requireInRange(int family, int type) {
    if (family < 0 || family >= AF_MAX) {
      throw ErrnoException.of(Errno.EAFNOSUPPORT);
    }
    if (type < 0 || type >= SOCK_MAX) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  /** Two AF_UNIX sockets connected to each other; other families have none. */
  static SocketDescription[] pair(
      Task task, NetworkNamespace network, int family, int type, int protocol) {
    if (family != AF_UNIX) {
      create(network, family, type, protocol).release();
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
    requireInRange(family, type);
    requireUnix(type, protocol);
    return type == SOCK_STREAM || type == SOCK_SEQPACKET
        ? UnixStreamSocket.pair(task, network, type)
        : UnixDatagramSocket.pair(task, network);
  }

  private static SocketDescription unix(NetworkNamespace network, int type, int protocol) {
    requireUnix(type, protocol);
    return type == SOCK_STREAM || type == SOCK_SEQPACKET
        ? new UnixStreamSocket(network, type)
        : new UnixDatagramSocket(network);
  }

  private static void requireUnix(int type, int protocol) {
    if (protocol != 0 && protocol != AF_UNIX) {
      throw ErrnoException.of(Errno.EPROTONOSUPPORT);
    }
    // A raw socket is Linux's old name for a datagram socket here.
    boolean known =
        type == SOCK_STREAM || type == SOCK_SEQPACKET || type == SOCK_DGRAM || type == SOCK_RAW;
    if (!known) {
      throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
    }
  }

  private static SocketDescription internet(
      NetworkNamespace network, int family, int type, int protocol) {
    if (protocol < 0 || protocol >= IPPROTO_MAX) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    switch (type) {
      case SOCK_STREAM -> {
        if (protocol == 0 || protocol == IPPROTO_TCP) {
          return new InternetStreamSocket(network, family);
        }
      }
      case SOCK_DGRAM -> {
        if (protocol == 0 || protocol == IPPROTO_UDP) {
          return new InternetDatagramSocket(network, family, IPPROTO_UDP);
        }
        if (protocol == IPPROTO_UDPLITE) {
          return new InternetDatagramSocket(network, family, IPPROTO_UDPLITE);
        }
        if (protocol == IPPROTO_ICMP && family == AF_INET) {
          throw ErrnoException.of(Errno.EACCES);
        }
      }
      case SOCK_RAW -> {
        if (protocol != 0) {
          throw ErrnoException.of(Errno.EPERM);
        }
      }
      default -> throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
    }
    throw ErrnoException.of(Errno.EPROTONOSUPPORT);
  }

  private static SocketDescription netlink(NetworkNamespace network, int type, int protocol) {
    if (type != SOCK_RAW && type != SOCK_DGRAM) {
      throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
    }
    if (protocol != NetlinkSocket.NETLINK_ROUTE) {
      throw ErrnoException.of(Errno.EPROTONOSUPPORT);
    }
    return new NetlinkSocket(network, type);
  }
}
