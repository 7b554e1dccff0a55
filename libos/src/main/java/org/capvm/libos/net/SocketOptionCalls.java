package org.capvm.libos.net;

import static org.capvm.libos.abi.SocketOptionNames.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/** {@code setsockopt} and {@code getsockopt}. */
final class SocketOptionCalls {
  private static final int INT_BYTES = 4;
  private static final int LINGER_BYTES = 8;
  private static final int TIMEVAL_BYTES = 16;
  private static final int TCP_INFO_BYTES = 232;
  private static final int MOST_BYTES = 4096;
  private static final byte[] CONGESTION_CONTROL = new byte[16];

  private static final byte TCP_ESTABLISHED = 1;
  private static final byte TCP_CLOSE = 7;
  private static final byte TCP_LISTEN = 10;

  static {
    byte[] name = "cubic".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(name, 0, CONGESTION_CONTROL, 0, name.length);
  }

  private SocketOptionCalls() {}

  // ---- setting

  static long set(Task task, int descriptor, int level, int name, long address, int length) {
    SocketDescription socket = SocketArguments.socket(task, descriptor);
    try {
      if (length < 0) {
        return -Errno.EINVAL;
      }
      long refused = requireLevel(socket, level);
      if (refused != 0) {
        return refused;
      }
      boolean takesText = level == SOL_SOCKET ? name == SO_BINDTODEVICE : name == TCP_CONGESTION;
      if ((level == SOL_SOCKET || level == IPPROTO_TCP) && length < INT_BYTES && !takesText) {
        return -Errno.EINVAL;
      }
      byte[] value = new byte[Math.min(length, mostRead(level, name))];
      if (value.length > 0) {
        task.memory().read(address, value, 0, value.length);
      }
      return set(task, socket, level, name, value);
    } finally {
      socket.release();
    }
  }

  /** How many bytes of an option are looked at; what lies behind them need not be there. */
  private static int mostRead(int level, int name) {
    if (level != SOL_SOCKET || name == SO_BINDTODEVICE) {
      return MOST_BYTES;
    }
    return switch (name) {
      case SO_LINGER -> LINGER_BYTES;
      case SO_RCVTIMEO, SO_SNDTIMEO -> TIMEVAL_BYTES;
      default -> INT_BYTES;
    };
  }

  /** Sets an option from the guest's bytes. */
  static long set(Task task, SocketDescription socket, int level, int name, byte[] value) {
    long refused = requireLevel(socket, level);
    if (refused != 0) {
      return refused;
    }
    ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    if (level == SOL_SOCKET) {
      return setGeneral(task, socket, name, in);
    }
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
      String wanted = new String(value, StandardCharsets.ISO_8859_1).replace("\0", "");
      return wanted.equals("cubic") || wanted.equals("reno") ? 0 : -Errno.ENOENT;
    }
    if (level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_MULTICAST_IF)) {
      return -Errno.ENODEV;
    }
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
      if (value.length < INT_BYTES
          || InternetAddress.parse(socket.localName(), socket.family()).port() != 0) {
        return -Errno.EINVAL;
      }
      socket.options().setV6Only(in.getInt() != 0);
      return 0;
    }
    return setStored(socket, level, name, in);
  }

  /** Whether a socket has options of a level: 0 or -errno. */
  private static long requireLevel(SocketDescription socket, int level) {
    boolean known =
        switch (level) {
          case SOL_SOCKET -> true;
          case IPPROTO_TCP -> socket instanceof InternetStreamSocket;
          case IPPROTO_UDP, IPPROTO_UDPLITE -> socket.protocol() == level;
          case IPPROTO_IP ->
              socket.family() == AddressFamily.AF_INET || socket.family() == AddressFamily.AF_INET6;
          case IPPROTO_IPV6 -> socket.family() == AddressFamily.AF_INET6;
          case SOL_NETLINK -> socket instanceof NetlinkSocket;
          default -> false;
        };
    if (known) {
      return 0;
    }
    return socket instanceof UnixSocket ? -Errno.EOPNOTSUPP : -Errno.ENOPROTOOPT;
  }

  private static long setGeneral(Task task, SocketDescription socket, int name, ByteBuffer in) {
    SocketOptions options = socket.options();
    if (name == SO_BINDTODEVICE) {
      String device = StandardCharsets.ISO_8859_1.decode(in).toString().replace("\0", "");
      return device.isEmpty() || device.equals(InterfaceControls.NAME) ? 0 : -Errno.ENODEV;
    }
    if (in.remaining() < INT_BYTES) {
      return -Errno.EINVAL;
    }
    int value = in.getInt(0);
    switch (name) {
      case SO_REUSEADDR -> options.setReuseAddress(value != 0);
      case SO_REUSEPORT -> options.setReusePort(value != 0);
      case SO_PASSCRED -> options.setPassCredentials(value != 0);
      case SO_SNDBUF -> {
        options.requestSendBytes(value, false);
        socket.buffersChanged();
      }
      case SO_RCVBUF -> {
        options.requestReceiveBytes(value, false);
        socket.buffersChanged();
      }
      case SO_SNDBUFFORCE, SO_RCVBUFFORCE -> {
        if (!task.credentials().isPrivileged()) {
          return -Errno.EPERM;
        }
        if (name == SO_SNDBUFFORCE) {
          options.requestSendBytes(value, true);
        } else {
          options.requestReceiveBytes(value, true);
        }
        socket.buffersChanged();
      }
      case SO_LINGER -> {
        if (in.remaining() < LINGER_BYTES) {
          return -Errno.EINVAL;
        }
        options.setLinger(value != 0, in.getInt(4));
      }
      case SO_RCVTIMEO, SO_RCVTIMEO_NEW -> options.setReceiveTimeoutNanos(timeout(in));
      case SO_SNDTIMEO, SO_SNDTIMEO_NEW -> options.setSendTimeoutNanos(timeout(in));
      case SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_ACCEPTCONN, SO_PEERCRED, SO_SNDLOWAT -> {
        return -Errno.ENOPROTOOPT;
      }
      default -> {
        return setStored(socket, SOL_SOCKET, name, in);
      }
    }
    return 0;
  }

  /**
   * A {@code struct timeval} in nanoseconds; 0 means for ever, and less is what is over at once.
   */
  private static long timeout(ByteBuffer in) {
    if (in.remaining() < TIMEVAL_BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long seconds = in.getLong(0);
    long micros = in.getLong(8);
    if (micros < 0 || micros >= 1_000_000) {
      throw ErrnoException.of(Errno.EDOM);
    }
    if (seconds < 0) {
      return 1;
    }
    return seconds > Long.MAX_VALUE / 4_000_000_000L ? 0 : seconds * 1_000_000_000L + micros * 1000;
  }

  private static long setStored(SocketDescription socket, int level, int name, ByteBuffer in) {
    StoredOption option = StoredOption.of(level, name);
    if (option == null) {
      return -Errno.ENOPROTOOPT;
    }
    int value;
    if (in.remaining() >= INT_BYTES) {
      value = in.getInt(0);
    } else if (in.remaining() > 0 && level == IPPROTO_IP) {
      value = in.get(0) & 0xff;
    } else {
      return -Errno.EINVAL;
    }
    if (option.isFlag()) {
      value = value != 0 ? 1 : 0;
    }
    if (value < option.least() || value > option.most()) {
      return -Errno.EINVAL;
    }
    socket.options().set(option, value);
    socket.optionChanged(option, value);
    return 0;
  }

  // ---- getting

  static long get(
      Task task, int descriptor, int level, int name, long address, long lengthAddress) {
    SocketDescription socket = SocketArguments.socket(task, descriptor);
    try {
      if (socket.family() == AddressFamily.AF_INET && !isLevelOfInternet(level)) {
        return -Errno.EOPNOTSUPP;
      }
      ErrnoException.check(requireLevel(socket, level));
      int room = task.memory().getInt(lengthAddress);
      if (room < 0) {
        return -Errno.EINVAL;
      }
      byte[] value = get(socket, level, name);
      int given = Math.min(room, value.length);
      if (given > 0) {
        task.memory().write(address, value, 0, given);
      }
      task.memory().putInt(lengthAddress, given);
      return 0;
    } finally {
      socket.release();
    }
  }

  private static boolean isLevelOfInternet(int level) {
    return switch (level) {
      case SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP -> true;
      default -> false;
    };
  }

  /** An option as the guest gets it. */
  static byte[] get(SocketDescription socket, int level, int name) {
    ErrnoException.check(requireLevel(socket, level));
    if (level == SOL_SOCKET) {
      return getGeneral(socket, name);
    }
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
      return CONGESTION_CONTROL;
    }
    if (level == IPPROTO_TCP && name == TCP_INFO) {
      return tcpInfo(socket);
    }
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
      return bytes(socket.options().v6Only());
    }
    if (level == IPPROTO_IP && name == IP_OPTIONS) {
      return new byte[0];
    }
    return getStored(socket, level, name);
  }

  private static byte[] getGeneral(SocketDescription socket, int name) {
    SocketOptions options = socket.options();
    return switch (name) {
      case SO_TYPE -> bytes(socket.type());
      case SO_DOMAIN -> bytes(socket.family());
      case SO_PROTOCOL -> bytes(socket.protocol());
      case SO_ERROR -> bytes(socket.takeError());
      case SO_ACCEPTCONN -> bytes(socket.isListening());
      case SO_REUSEADDR -> bytes(options.reuseAddress());
      case SO_REUSEPORT -> bytes(options.reusePort());
      case SO_PASSCRED -> bytes(options.passCredentials());
      case SO_SNDBUF -> bytes(options.sendBytes());
      case SO_RCVBUF -> bytes(options.receiveBytes());
      case SO_SNDLOWAT -> bytes(1);
      case SO_LINGER ->
          buffer(8).putInt(options.lingers() ? 1 : 0).putInt(options.lingerSeconds()).array();
      case SO_RCVTIMEO, SO_RCVTIMEO_NEW -> timeval(options.receiveTimeoutNanos());
      case SO_SNDTIMEO, SO_SNDTIMEO_NEW -> timeval(options.sendTimeoutNanos());
      case SO_BINDTODEVICE -> new byte[0];
      case SO_COOKIE -> buffer(8).putLong(socket.status().inode()).array();
      case SO_PEERCRED -> {
        PeerCredentials peer = socket.peerCredentials();
        yield buffer(12).putInt(peer.processId()).putInt(peer.uid()).putInt(peer.gid()).array();
      }
      default -> getStored(socket, SOL_SOCKET, name);
    };
  }

  private static byte[] getStored(SocketDescription socket, int level, int name) {
    StoredOption option = StoredOption.of(level, name);
    if (option == null) {
      throw ErrnoException.of(Errno.ENOPROTOOPT);
    }
    return bytes(socket.options().get(option));
  }

  /** The first fields of {@code struct tcp_info}: the state and the segment sizes of a loopback. */
  private static byte[] tcpInfo(SocketDescription socket) {
    byte state = TCP_CLOSE;
    if (socket.isListening()) {
      state = TCP_LISTEN;
    } else if (((StreamSocket) socket).transport() != null) {
      state = TCP_ESTABLISHED;
    }
    int segment = socket.options().get(StoredOption.of(IPPROTO_TCP, TCP_MAXSEG));
    return buffer(TCP_INFO_BYTES).put(0, state).putInt(16, segment).putInt(20, segment).array();
  }

  private static byte[] timeval(long nanos) {
    return buffer(TIMEVAL_BYTES)
        .putLong(nanos / 1_000_000_000)
        .putLong(nanos % 1_000_000_000 / 1000)
        .array();
  }

  private static byte[] bytes(boolean value) {
    return bytes(value ? 1 : 0);
  }

  private static byte[] bytes(int value) {
    return buffer(INT_BYTES).putInt(value).array();
  }

  private static ByteBuffer buffer(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
