package org.capvm.libos.host;

import static org.capvm.libos.host.HostSystemCall.call;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Host calls on sockets. Every method returns what Linux returns, a value or -errno, unless it says
 * otherwise. Sockets are opened and accepted non-blocking and close-on-exec. Socket addresses are
 * the bytes of a {@code sockaddr}.
 */
public final class HostSockets {
  private static final int IOCTL = 16;
  private static final int SOCKET = 41;
  private static final int CONNECT = 42;
  private static final int SENDTO = 44;
  private static final int RECVFROM = 45;
  private static final int SENDMSG = 46;
  private static final int RECVMSG = 47;
  private static final int SHUTDOWN = 48;
  private static final int BIND = 49;
  private static final int LISTEN = 50;
  private static final int GETSOCKNAME = 51;
  private static final int GETPEERNAME = 52;
  private static final int SETSOCKOPT = 54;
  private static final int GETSOCKOPT = 55;
  private static final int PPOLL = 271;
  private static final int ACCEPT4 = 288;

  private static final int NONBLOCK_CLOEXEC = 04000 | 02000000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_REUSEADDR = 2;
  private static final int SO_ERROR = 4;
  private static final int SO_LINGER = 13;
  private static final int FIONREAD = 0x541B;
  private static final int TIOCOUTQ = 0x5411;
  private static final int ADDRESS_BYTES = 128;
  private static final int MSGHDR_BYTES = 56;
  private static final int SCM_RIGHTS = 1;
  private static final int CMSGHDR_BYTES = 16;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  /** Where arguments go: behind the vectors that callers put at the start of the scratch memory. */
  private static final int ARGUMENTS = HostScratch.SIZE_BYTES - 1024;

  /** Where a {@code struct msghdr} goes, its field {@code msg_controllen}, and control messages. */
  private static final long MESSAGE = (long) ARGUMENTS + ADDRESS_BYTES;

  private static final int CONTROL_LENGTH = 40;
  private static final long CONTROL = MESSAGE + MSGHDR_BYTES + 8;

  private HostSockets() {}

  /** {@code socket}. */
  public static long socket(int family, int type) {
    return call(SOCKET, family, type | NONBLOCK_CLOEXEC, 0);
  }

  /** {@code bind}. */
  public static long bind(int descriptor, byte[] address) {
    return call(BIND, descriptor, argument(address), address.length);
  }

  /** {@code connect}. */
  public static long connect(int descriptor, byte[] address) {
    return call(CONNECT, descriptor, argument(address), address.length);
  }

  private static long argument(byte[] bytes) {
    MemorySegment scratch = HostScratch.get();
    MemorySegment.copy(bytes, 0, scratch, ValueLayout.JAVA_BYTE, ARGUMENTS, bytes.length);
    return scratch.address() + ARGUMENTS;
  }

  /** {@code listen}. */
  public static long listen(int descriptor, int backlog) {
    return call(LISTEN, descriptor, backlog);
  }

  /** {@code accept4}. */
  public static long accept(int descriptor) {
    return call(ACCEPT4, descriptor, 0, 0, NONBLOCK_CLOEXEC);
  }

  /** {@code getsockname}; empty if the host refuses. */
  public static byte[] localName(int descriptor) {
    return name(GETSOCKNAME, descriptor);
  }

  /** {@code getpeername}; empty if the host refuses. */
  public static byte[] peerName(int descriptor) {
    return name(GETPEERNAME, descriptor);
  }

  private static byte[] name(int number, int descriptor) {
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_INT, ARGUMENTS, ADDRESS_BYTES);
    long at = scratch.address() + ARGUMENTS;
    if (call(number, descriptor, at + 8, at) < 0) {
      return new byte[0];
    }
    return bytes(scratch, ARGUMENTS + 8, scratch.get(ValueLayout.JAVA_INT, ARGUMENTS));
  }

  private static byte[] bytes(MemorySegment scratch, int offset, int length) {
    byte[] copy = new byte[Math.min(length, ADDRESS_BYTES)];
    MemorySegment.copy(scratch, ValueLayout.JAVA_BYTE, offset, copy, 0, copy.length);
    return copy;
  }

  /** {@code shutdown}. */
  public static long shutdown(int descriptor, int how) {
    return call(SHUTDOWN, descriptor, how);
  }

  /** {@code send}. */
  public static long send(int descriptor, long hostAddress, long lengthBytes, int flags) {
    return call(SENDTO, descriptor, hostAddress, lengthBytes, flags, 0, 0);
  }

  /** {@code recv}. */
  public static long receive(int descriptor, long hostAddress, long lengthBytes, int flags) {
    return call(RECVFROM, descriptor, hostAddress, lengthBytes, flags, 0, 0);
  }

  /** {@code sendmsg} of the iovecs at the start of the thread's scratch memory. */
  public static long sendVector(int descriptor, int count, int flags) {
    return call(SENDMSG, descriptor, messageHeader(count, 0, 0), flags);
  }

  /** {@code recvmsg} into the iovecs at the start of the thread's scratch memory. */
  public static long receiveVector(int descriptor, int count, int flags) {
    return call(RECVMSG, descriptor, messageHeader(count, 0, 0), flags);
  }

  /** {@code sendmsg} of the iovecs at the start of the thread's scratch memory to an address. */
  public static long sendVectorTo(int descriptor, int count, int flags, byte[] address) {
    long name = argument(address);
    return call(SENDMSG, descriptor, messageHeader(count, name, address.length), flags);
  }

  /** What a datagram came with. */
  @FunctionalInterface
  public interface Sender {
    /**
     * Hears of the sender.
     *
     * @param address its socket address
     * @param flags {@code MSG_} flags
     */
    void heard(byte[] address, int flags);
  }

  /**
   * {@code recvmsg} into the iovecs at the start of the thread's scratch memory, telling the
   * sender.
   */
  public static long receiveVectorFrom(int descriptor, int count, int flags, Sender sender) {
    MemorySegment scratch = HostScratch.get();
    long name = scratch.address() + ARGUMENTS;
    long received = call(RECVMSG, descriptor, messageHeader(count, name, ADDRESS_BYTES), flags);
    if (received >= 0) {
      int length = scratch.get(ValueLayout.JAVA_INT, MESSAGE + 8);
      sender.heard(
          bytes(scratch, ARGUMENTS, length), scratch.get(ValueLayout.JAVA_INT, MESSAGE + 48));
    }
    return received;
  }

  /**
   * {@code sendmsg} of the iovecs at the start of the thread's scratch memory to an AF_UNIX
   * address, with open files.
   */
  public static long sendDescriptorsTo(
      int descriptor, int count, byte[] address, int[] descriptors) {
    long name = argument(address);
    long header = messageHeader(count, name, address.length);
    int length = withControl(descriptors.length);
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_LONG, CONTROL, length);
    scratch.set(ValueLayout.JAVA_INT, CONTROL + 8, SOL_SOCKET);
    scratch.set(ValueLayout.JAVA_INT, CONTROL + 12, SCM_RIGHTS);
    MemorySegment.copy(
        descriptors, 0, scratch, ValueLayout.JAVA_INT, CONTROL + CMSGHDR_BYTES, descriptors.length);
    return call(SENDMSG, descriptor, header, 0);
  }

  /**
   * {@code recvmsg} into the iovecs at the start of the thread's scratch memory, with open files,
   * which are close-on-exec.
   *
   * @param descriptors gets their numbers, and -1 where there is none; the host closes what does
   *     not fit
   */
  public static long receiveDescriptors(int descriptor, int count, int[] descriptors) {
    Arrays.fill(descriptors, -1);
    long header = messageHeader(count, 0, 0);
    withControl(descriptors.length);
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_LONG, CONTROL, 0);
    long received = call(RECVMSG, descriptor, header, MSG_CMSG_CLOEXEC);
    // Nothing else is asked for that would come as a control message.
    if (received >= 0 && scratch.get(ValueLayout.JAVA_LONG, MESSAGE + CONTROL_LENGTH) > 0) {
      long bytes = scratch.get(ValueLayout.JAVA_LONG, CONTROL) - CMSGHDR_BYTES;
      int there = Math.min(descriptors.length, Math.toIntExact(bytes / Integer.BYTES));
      MemorySegment.copy(
          scratch, ValueLayout.JAVA_INT, CONTROL + CMSGHDR_BYTES, descriptors, 0, there);
    }
    return received;
  }

  /** Adds room for descriptors to the message header; returns the control message's length. */
  private static int withControl(int descriptors) {
    MemorySegment scratch = HostScratch.get();
    int length = CMSGHDR_BYTES + descriptors * Integer.BYTES;
    scratch.set(ValueLayout.JAVA_LONG, MESSAGE + 32, scratch.address() + CONTROL);
    scratch.set(ValueLayout.JAVA_LONG, MESSAGE + CONTROL_LENGTH, length);
    return length;
  }

  /** A {@code struct msghdr} whose vector is at the start of the scratch memory. */
  private static long messageHeader(int count, long name, int nameBytes) {
    MemorySegment scratch = HostScratch.get();
    scratch.asSlice(MESSAGE, MSGHDR_BYTES).fill((byte) 0);
    scratch.set(ValueLayout.JAVA_LONG, MESSAGE, name);
    scratch.set(ValueLayout.JAVA_INT, MESSAGE + 8, nameBytes);
    scratch.set(ValueLayout.JAVA_LONG, MESSAGE + 16, scratch.address());
    scratch.set(ValueLayout.JAVA_LONG, MESSAGE + 24, count);
    return scratch.address() + MESSAGE;
  }

  /** {@code setsockopt} of an int. */
  public static long setOption(int descriptor, int level, int name, int value) {
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_INT, ARGUMENTS, value);
    return call(SETSOCKOPT, descriptor, level, name, scratch.address() + ARGUMENTS, 4, 0);
  }

  /** {@code getsockopt} of an int. */
  public static long option(int descriptor, int level, int name) {
    MemorySegment scratch = HostScratch.get();
    long at = scratch.address() + ARGUMENTS;
    scratch.set(ValueLayout.JAVA_INT, ARGUMENTS + 4L, 4);
    long result = call(GETSOCKOPT, descriptor, level, name, at, at + 4, 0);
    return result < 0 ? result : scratch.get(ValueLayout.JAVA_INT, ARGUMENTS);
  }

  /** Sets {@code SO_REUSEADDR}. */
  public static long reuseAddress(int descriptor) {
    return setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  }

  /** Takes the pending error: a positive error number, or 0. */
  public static int takeError(int descriptor) {
    return (int) Math.abs(option(descriptor, SOL_SOCKET, SO_ERROR));
  }

  /** Makes {@code close} reset the connection. */
  public static long lingerNot(int descriptor) {
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_INT, ARGUMENTS, 1);
    scratch.set(ValueLayout.JAVA_INT, ARGUMENTS + 4L, 0);
    return call(SETSOCKOPT, descriptor, SOL_SOCKET, SO_LINGER, scratch.address() + ARGUMENTS, 8, 0);
  }

  /** {@code FIONREAD}; 0 if the host refuses. */
  public static long readableBytes(int descriptor) {
    return count(descriptor, FIONREAD);
  }

  /** {@code TIOCOUTQ}; 0 if the host refuses. */
  public static long unsentBytes(int descriptor) {
    return count(descriptor, TIOCOUTQ);
  }

  private static long count(int descriptor, int request) {
    MemorySegment scratch = HostScratch.get();
    long result = call(IOCTL, descriptor, request, scratch.address() + ARGUMENTS);
    return result < 0 ? 0 : scratch.get(ValueLayout.JAVA_INT, ARGUMENTS);
  }

  /** The poll events that are there, of the ones asked for; nothing is waited for. */
  public static int poll(int descriptor, int events) {
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_INT, ARGUMENTS, descriptor);
    scratch.set(ValueLayout.JAVA_SHORT, ARGUMENTS + 4L, (short) events);
    scratch.set(ValueLayout.JAVA_SHORT, ARGUMENTS + 6L, (short) 0);
    scratch.set(ValueLayout.JAVA_LONG, ARGUMENTS + 8L, 0);
    scratch.set(ValueLayout.JAVA_LONG, ARGUMENTS + 16L, 0);
    long at = scratch.address() + ARGUMENTS;
    call(PPOLL, at, 1, at + 8, 0, 8, 0);
    return scratch.get(ValueLayout.JAVA_SHORT, ARGUMENTS + 6L) & 0xffff;
  }
}
