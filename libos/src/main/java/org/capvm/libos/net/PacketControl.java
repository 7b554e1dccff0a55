package org.capvm.libos.net;

import static org.capvm.libos.abi.SocketOptionNames.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/** The control messages about packets: ip(7) and ipv6(7), RFC 3542. */
final class PacketControl {
  private static final int HEADER_BYTES = 16;
  private static final int LAST_VALUE = 255;

  /** A kind of message: the option that asks for it, and how it is written. */
  private record Kind(int level, int asking, int type, Writer writer) {}

  private interface Writer {
    byte[] write(PacketDetails packet);
  }

  private static final Kind[] KINDS = {
    new Kind(IPPROTO_IP, IP_PKTINFO, IP_PKTINFO, PacketControl::interfaceOfIpv4),
    new Kind(IPPROTO_IP, IP_RECVTTL, IP_TTL, packet -> bytes(packet.hopLimit())),
    new Kind(IPPROTO_IP, IP_RECVTOS, IP_TOS, packet -> new byte[] {(byte) packet.trafficClass()}),
    new Kind(IPPROTO_IPV6, IPV6_RECVPKTINFO, IPV6_PKTINFO, PacketControl::interfaceOfIpv6),
    new Kind(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT, packet -> bytes(packet.hopLimit())),
    new Kind(IPPROTO_IPV6, IPV6_RECVTCLASS, IPV6_TCLASS, packet -> bytes(packet.trafficClass()))
  };

  private PacketControl() {}

  /**
   * A sender's wishes with one more message's added; messages that mean nothing here are passed
   * over.
   */
  static PacketDetails parse(
      PacketDetails wishes, int level, ByteBuffer in, int at, int dataBytes) {
    int type = in.getInt(at + 12);
    boolean hops = isHopLimit(level, type);
    if (!hops && !isTrafficClass(level, type)) {
      return wishes;
    }
    if (dataBytes != Integer.BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    int value = in.getInt(at + HEADER_BYTES);
    if (value < PacketDetails.DEFAULT || value > LAST_VALUE) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return hops ? wishes.withHopLimit(value) : wishes.withTrafficClass(value);
  }

  private static boolean isHopLimit(int level, int type) {
    return (level == IPPROTO_IPV6 && type == IPV6_HOPLIMIT)
        || (level == IPPROTO_IP && type == IP_TTL);
  }

  private static boolean isTrafficClass(int level, int type) {
    return (level == IPPROTO_IPV6 && type == IPV6_TCLASS)
        || (level == IPPROTO_IP && type == IP_TOS);
  }

  /** Stores what a socket asked to be told. Returns the room taken. */
  static long store(
      Task task, SocketDescription socket, Received received, long guestAddress, long room) {
    PacketDetails packet = received.ancillary().packet();
    long used = 0;
    for (Kind kind : KINDS) {
      if (socket.options().get(StoredOption.of(kind.level, kind.asking)) != 0) {
        byte[] value = kind.writer.write(packet);
        used +=
            ControlMessages.put(
                task, received, guestAddress + used, room - used, kind.level, kind.type, value);
      }
    }
    return used;
  }

  private static byte[] bytes(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  /** {@code struct in_pktinfo}: interface, local address, destination. */
  private static byte[] interfaceOfIpv4(PacketDetails packet) {
    byte[] bytes = new byte[12];
    int address = (int) packet.destination().low();
    ByteBuffer.wrap(bytes)
        .putInt(0, Integer.reverseBytes(InterfaceControls.INDEX))
        .putInt(4, address)
        .putInt(8, address);
    return bytes;
  }

  /** {@code struct in6_pktinfo}: destination, interface. */
  private static byte[] interfaceOfIpv6(PacketDetails packet) {
    byte[] bytes = new byte[20];
    ByteBuffer.wrap(bytes)
        .putLong(0, packet.destination().high())
        .putLong(8, packet.destination().low())
        .putInt(16, Integer.reverseBytes(InterfaceControls.INDEX));
    return bytes;
  }
}
