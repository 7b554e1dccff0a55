package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;
import static org.capvm.libos.abi.AddressFamily.AF_NETLINK;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.process.Task;

/**
 * A NETLINK_ROUTE socket that answers what C libraries ask: links, addresses and routes, of which a
 * cVM has the loopback's. Everything that would change the network is refused with EPERM.
 */
final class NetlinkSocket extends DatagramSocket {
  /** NETLINK_ROUTE, the one protocol there is. */
  static final int NETLINK_ROUTE = 0;

  private static final int DEFAULT_BYTES = 212_992;
  private static final int ADDRESS_BYTES = 12;
  private static final int HEADER_BYTES = 16;
  private static final AtomicInteger NEXT_PORT = new AtomicInteger(1 << 20);

  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int NLM_F_REQUEST = 1;
  private static final int NLM_F_MULTI = 2;
  private static final int NLM_F_ACK = 4;
  private static final int NLM_F_DUMP = 0x300;
  private static final int RTM_NEWLINK = 16;
  private static final int RTM_GETLINK = 18;
  private static final int RTM_NEWADDR = 20;
  private static final int RTM_GETADDR = 22;
  private static final int RTM_GETROUTE = 26;
  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_BROADCAST = 2;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_MTU = 4;
  private static final int IFLA_TXQLEN = 13;
  private static final int IFLA_OPERSTATE = 16;
  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_LABEL = 3;
  private static final int IFA_FLAGS = 8;
  private static final int IFA_F_PERMANENT = 0x80;
  private static final int SCOPE_HOST = 254;

  private volatile int port;

  NetlinkSocket(NetworkNamespace network, int type) {
    super(
        network, AF_NETLINK, type, NETLINK_ROUTE, new SocketOptions(DEFAULT_BYTES, DEFAULT_BYTES));
  }

  @Override
  void bind(Task task, byte[] address) {
    if (address.length < ADDRESS_BYTES || InternetAddress.familyOf(address) != AF_NETLINK) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    int wanted = ByteBuffer.wrap(address).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
    if (port != 0 && wanted != port) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    port = wanted != 0 ? wanted : choosePort(task);
  }

  private static int choosePort(Task task) {
    return task == null ? NEXT_PORT.getAndIncrement() : task.process().id();
  }

  @Override
  long connect(Task task, byte[] address) {
    if (port == 0) {
      port = choosePort(task);
    }
    return 0;
  }

  @Override
  byte[] localName() {
    return address(port);
  }

  @Override
  byte[] peerName() {
    return address(0);
  }

  private static byte[] address(int port) {
    return buffer(ADDRESS_BYTES).putShort((short) AF_NETLINK).putInt(4, port).array();
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  long send(Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary) {
    if (port == 0) {
      port = choosePort(task);
    }
    byte[] bytes = new byte[(int) Math.min(buffer.length(), DEFAULT_BYTES)];
    buffer.get(0, bytes, 0, bytes.length);
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      int length = in.getInt(at);
      if (length < HEADER_BYTES || length > bytes.length - at) {
        break;
      }
      answer(in.slice(at, length).order(ByteOrder.LITTLE_ENDIAN));
      at += (length + 3) & ~3;
    }
    return buffer.length();
  }

  private void answer(ByteBuffer request) {
    int type = request.getShort(4) & 0xffff;
    int flags = request.getShort(6) & 0xffff;
    int sequence = request.getInt(8);
    if ((flags & NLM_F_REQUEST) == 0) {
      return;
    }
    int family = request.limit() > HEADER_BYTES ? request.get(HEADER_BYTES) & 0xff : 0;
    boolean dump = (flags & NLM_F_DUMP) != 0;
    int multi = dump ? NLM_F_MULTI : 0;
    switch (type) {
      case RTM_GETLINK -> reply(message(RTM_NEWLINK, multi, sequence, link()));
      case RTM_GETADDR -> {
        if (family != AF_INET6) {
          reply(message(RTM_NEWADDR, NLM_F_MULTI, sequence, addressOf(AF_INET)));
        }
        if (family != AF_INET) {
          reply(message(RTM_NEWADDR, NLM_F_MULTI, sequence, addressOf(AF_INET6)));
        }
      }
      case RTM_GETROUTE -> {
        if (!dump) {
          error(request, sequence, Errno.ENETUNREACH);
          return;
        }
      }
      default -> {
        error(request, sequence, Errno.EPERM);
        return;
      }
    }
    if (dump) {
      reply(message(NLMSG_DONE, NLM_F_MULTI, sequence, buffer(4)));
    } else if ((flags & NLM_F_ACK) != 0) {
      error(request, sequence, 0);
    }
  }

  private void reply(byte[] message) {
    incoming().add(message, address(0));
  }

  private void error(ByteBuffer request, int sequence, int errno) {
    ByteBuffer body = buffer(4 + HEADER_BYTES).putInt(-errno);
    body.put(request.slice(0, HEADER_BYTES)).rewind();
    reply(message(NLMSG_ERROR, 0, sequence, body));
  }

  private byte[] message(int type, int flags, int sequence, ByteBuffer body) {
    int length = HEADER_BYTES + body.rewind().remaining();
    byte[] bytes = new byte[length];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(length).putShort((short) type).putShort((short) flags);
    out.putInt(sequence).putInt(port).put(body);
    return bytes;
  }

  /** A {@code struct ifinfomsg} and its attributes. */
  private static ByteBuffer link() {
    ByteBuffer out = buffer(256);
    out.put((byte) 0).put((byte) 0).putShort((short) InterfaceControls.HARDWARE_TYPE);
    out.putInt(InterfaceControls.INDEX).putInt(InterfaceControls.FLAGS | 0x10000).putInt(0);
    attribute(
        out, IFLA_IFNAME, (InterfaceControls.NAME + "\0").getBytes(StandardCharsets.US_ASCII));
    attribute(out, IFLA_TXQLEN, buffer(4).putInt(1000).array());
    attribute(out, IFLA_OPERSTATE, new byte[] {0});
    attribute(out, IFLA_MTU, buffer(4).putInt(InterfaceControls.MTU).array());
    attribute(out, IFLA_ADDRESS, new byte[6]);
    attribute(out, IFLA_BROADCAST, new byte[6]);
    return trimmed(out);
  }

  /** A {@code struct ifaddrmsg} and its attributes. */
  private static ByteBuffer address(int family, int prefixBits, byte[] bytes) {
    ByteBuffer out = buffer(128);
    out.put((byte) family).put((byte) prefixBits).put((byte) IFA_F_PERMANENT);
    out.put((byte) SCOPE_HOST).putInt(InterfaceControls.INDEX);
    attribute(out, IFA_ADDRESS, bytes);
    if (family == AF_INET) {
      attribute(out, IFA_LOCAL, bytes);
      byte[] label = (InterfaceControls.NAME + "\0").getBytes(StandardCharsets.US_ASCII);
      attribute(out, IFA_LABEL, label);
    }
    attribute(out, IFA_FLAGS, buffer(4).putInt(IFA_F_PERMANENT).array());
    return trimmed(out);
  }

  private static ByteBuffer addressOf(int family) {
    byte[] bytes = new byte[family == AF_INET ? 4 : 16];
    if (family == AF_INET) {
      bytes[0] = 127;
    }
    bytes[bytes.length - 1] = 1;
    return address(family, family == AF_INET ? 8 : 128, bytes);
  }

  private static void attribute(ByteBuffer out, int type, byte[] value) {
    out.putShort((short) (4 + value.length)).putShort((short) type).put(value);
    out.position((out.position() + 3) & ~3);
  }

  private static ByteBuffer trimmed(ByteBuffer written) {
    ByteBuffer exact = buffer(written.position());
    exact.put(written.flip());
    return exact;
  }

  @Override
  protected void close() {
    incoming().abandon();
  }
}
