package org.capvm.libos.net;

import static org.capvm.libos.abi.MessageFlags.MSG_CMSG_CLOEXEC;
import static org.capvm.libos.abi.MessageFlags.MSG_DONTWAIT;
import static org.capvm.libos.abi.MessageFlags.MSG_TRUNC;
import static org.capvm.libos.abi.MessageFlags.MSG_WAITFORONE;
import static org.capvm.libos.net.SocketArguments.socket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemoryFault;

/** The calls with a {@code struct msghdr}: address, pieces, control messages and flags at once. */
final class MessageCalls {
  private static final int HEADER_BYTES = 56;

  /** Bytes of a {@code struct mmsghdr}: a header and the count of bytes. */
  private static final int COUNTED_BYTES = 64;

  private static final int IOV_MAX = 1024;

  /** Bytes of a {@code struct sockaddr_storage}. */
  private static final int MOST_ADDRESS_BYTES = 128;

  /** Offsets of the fields that receiving changes. */
  private static final int NAME_LENGTH = 8;

  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;

  private MessageCalls() {}

  /**
   * A {@code struct msghdr}, read once.
   *
   * @param name where the address is or goes, 0 for none
   * @param control where control messages are or go
   */
  private record Header(
      long name, int nameLength, long vector, long count, long control, long controlLength) {
    static Header read(Task task, long guestAddress) {
      byte[] bytes = new byte[HEADER_BYTES];
      task.memory().read(guestAddress, bytes, 0, bytes.length);
      ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      Header header =
          new Header(
              in.getLong(0),
              // Without an address its length says nothing; more than the longest is as much as
              // that.
              in.getLong(0) == 0 ? 0 : Math.min(in.getInt(8), MOST_ADDRESS_BYTES),
              in.getLong(16),
              in.getLong(24),
              in.getLong(32),
              in.getLong(CONTROL_LENGTH));
      if (header.nameLength < 0) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      return header;
    }

    /**
     * The pieces as one buffer.
     *
     * @param stored whether the host will store to them
     */
    IoBuffer buffer(Task task, boolean stored) {
      if (count < 0 || count > IOV_MAX) {
        throw ErrnoException.of(Errno.EMSGSIZE);
      }
      return IoBuffer.gathered(task, vector, (int) count, stored);
    }
  }

  static long send(Task task, int descriptor, long header, int flags) {
    SocketDescription socket = socket(task, descriptor);
    try {
      return send(task, socket, header, flags);
    } finally {
      socket.release();
    }
  }

  private static long send(Task task, SocketDescription socket, long address, int flags) {
    Header header = Header.read(task, address);
    byte[] to =
        header.name == 0 || header.nameLength == 0
            ? null
            : SocketArguments.address(task, header.name, header.nameLength);
    IoBuffer buffer = header.buffer(task, false);
    if (Long.compareUnsigned(header.controlLength, Integer.MAX_VALUE) > 0) {
      return -Errno.ENOBUFS;
    }
    Ancillary ancillary = ControlMessages.parse(task, socket, header.control, header.controlLength);
    if (ancillary == null) {
      ancillary = implicitCredentials(task, socket, to);
    }
    return socket.sendSignalling(task, buffer, flags, to, ancillary);
  }

  /** The sender's credentials, if an end of an AF_UNIX socket wants them; otherwise null. */
  static Ancillary implicitCredentials(Task task, SocketDescription socket, byte[] to) {
    return socket instanceof UnixSocket unix && unix.passesCredentials(to)
        ? Ancillary.from(PeerCredentials.of(task))
        : null;
  }

  static long receive(Task task, int descriptor, long header, int flags) {
    SocketDescription socket = socket(task, descriptor);
    try {
      return receive(task, socket, header, flags);
    } finally {
      socket.release();
    }
  }

  private static long receive(Task task, SocketDescription socket, long address, int flags) {
    Header header = Header.read(task, address);
    IoBuffer buffer = header.buffer(task, true);
    Received received = new Received();
    received.addFlags(flags & MSG_CMSG_CLOEXEC);
    long count = socket.receive(task, buffer, flags, received);
    try {
      if (count >= 0) {
        store(task, socket, address, header, received);
      }
    } finally {
      if (received.ancillary() != null) {
        received.ancillary().release();
      }
    }
    return reported(count, flags, received);
  }

  private static void store(
      Task task, SocketDescription socket, long address, Header header, Received received) {
    if (header.name != 0) {
      byte[] source = received.source();
      int length = source == null ? 0 : source.length;
      if (length > 0) {
        task.memory().write(header.name, source, 0, Math.min(length, header.nameLength));
      }
      task.memory().putInt(address + NAME_LENGTH, length);
    }
    long room = header.control == 0 ? 0 : header.controlLength;
    long stored = ControlMessages.store(task, socket, received, header.control, room);
    task.memory().putLong(address + CONTROL_LENGTH, stored);
    task.memory().putInt(address + FLAGS, received.flags());
  }

  /** The result of a receive call: with MSG_TRUNC, how long the message was. */
  static long reported(long count, int flags, Received received) {
    return count >= 0 && (flags & MSG_TRUNC) != 0 && received.messageBytes() >= 0
        ? received.messageBytes()
        : count;
  }

  /** How many messages one call handles at most; Linux takes the count without a sign. */
  private static int most(int count) {
    return Integer.compareUnsigned(count, IOV_MAX) > 0 ? IOV_MAX : count;
  }

  static long sendSeveral(Task task, int descriptor, long headers, int count, int flags) {
    SocketDescription socket = socket(task, descriptor);
    try {
      int done = 0;
      int most = most(count);
      while (done < most) {
        long header = headers + (long) done * COUNTED_BYTES;
        long sent;
        try {
          sent = send(task, socket, header, flags);
        } catch (ErrnoException e) {
          sent = -e.errno();
        } catch (GuestMemoryFault e) {
          sent = -Errno.EFAULT;
        }
        if (sent < 0) {
          return done > 0 ? done : sent;
        }
        task.memory().putInt(header + HEADER_BYTES, (int) sent);
        done++;
      }
      return done;
    } finally {
      socket.release();
    }
  }

  static long receiveSeveral(
      Task task, int descriptor, long headers, int count, int flags, long timeout) {
    long deadline = Task.NEVER;
    if (timeout != 0) {
      long seconds = task.memory().getLong(timeout);
      long nanos = task.memory().getLong(timeout + 8);
      if (seconds < 0 || nanos < 0 || nanos >= 1_000_000_000) {
        return -Errno.EINVAL;
      }
      deadline = System.nanoTime() + seconds * 1_000_000_000 + nanos;
    }
    SocketDescription socket = socket(task, descriptor);
    try {
      int done = 0;
      int most = most(count);
      int now = flags & ~MSG_WAITFORONE;
      while (done < most) {
        long header = headers + (long) done * COUNTED_BYTES;
        long received;
        try {
          received = receive(task, socket, header, now);
        } catch (ErrnoException e) {
          received = -e.errno();
        } catch (GuestMemoryFault e) {
          received = -Errno.EFAULT;
        }
        if (received < 0) {
          return done > 0 ? done : received;
        }
        task.memory().putInt(header + HEADER_BYTES, (int) received);
        done++;
        if ((flags & MSG_WAITFORONE) != 0) {
          now |= MSG_DONTWAIT;
        }
        // As on Linux, looked at only after each message.
        if (deadline != Task.NEVER && System.nanoTime() >= deadline) {
          break;
        }
      }
      return done;
    } finally {
      socket.release();
    }
  }
}
