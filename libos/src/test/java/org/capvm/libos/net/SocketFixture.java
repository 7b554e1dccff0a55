package org.capvm.libos.net;

import static org.capvm.libos.abi.MessageFlags.MSG_DONTWAIT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.monitor.memory.MappingBudget;

/** Drives sockets without a guest: no call waits, and buffers are the library OS's own. */
final class SocketFixture {
  static final long LIMIT_BYTES = 8 << 20;

  final MemoryLimit memory = new MemoryLimit(LIMIT_BYTES, new MappingBudget());
  final NetworkNamespace network = new NetworkNamespace(NetworkMode.PRIVATE, memory);

  SocketDescription tcp() {
    return create(AddressFamily.AF_INET, SocketType.SOCK_STREAM);
  }

  SocketDescription udp() {
    return create(AddressFamily.AF_INET, SocketType.SOCK_DGRAM);
  }

  SocketDescription create(int family, int type) {
    SocketDescription socket = SocketCreation.create(network, family, type, 0);
    socket.changeFlags(OpenFlags.O_RDWR | OpenFlags.O_NONBLOCK);
    return socket;
  }

  /** A socket that listens on 127.0.0.1. */
  SocketDescription listening(int port, int backlog) {
    SocketDescription socket = tcp();
    socket.bind(null, loopback(port));
    socket.listen(null, backlog);
    return socket;
  }

  /** A client of a listening socket, its connect call over. */
  SocketDescription client(SocketDescription listening) {
    SocketDescription socket = tcp();
    socket.connect(null, listening.localName());
    socket.connect(null, listening.localName());
    return socket;
  }

  SocketDescription[] pair(int type) {
    SocketDescription[] pair = SocketCreation.pair(null, network, AddressFamily.AF_UNIX, type, 0);
    for (SocketDescription socket : pair) {
      socket.changeFlags(OpenFlags.O_RDWR | OpenFlags.O_NONBLOCK);
    }
    return pair;
  }

  static byte[] loopback(int port) {
    return InternetAddress.loopback(AddressFamily.AF_INET, port).encode();
  }

  static byte[] abstractName(String name) {
    return new UnixAddress(name, true).encode();
  }

  static int port(SocketDescription socket) {
    return InternetAddress.parse(socket.localName(), socket.family()).port();
  }

  static long send(SocketDescription socket, String text) {
    return sendTo(socket, text, null, null);
  }

  static long sendTo(SocketDescription socket, String text, byte[] address, Ancillary ancillary) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    MemorySegment memory = Arena.ofAuto().allocate(Math.max(bytes.length, 1));
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
    IoBuffer buffer = IoBuffer.host(memory.asSlice(0, bytes.length));
    return socket.send(null, buffer, MSG_DONTWAIT, address, ancillary);
  }

  /** What is received, or "-N" for errno N. */
  static String receive(SocketDescription socket, int room) {
    return receive(socket, room, 0, null);
  }

  static String receive(SocketDescription socket, int room, int flags, Received received) {
    MemorySegment memory = Arena.ofAuto().allocate(Math.max(room, 1));
    IoBuffer buffer = IoBuffer.host(memory.asSlice(0, room));
    long count = socket.receive(null, buffer, flags | MSG_DONTWAIT, received);
    if (count < 0) {
      return Long.toString(count);
    }
    byte[] bytes = memory.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
