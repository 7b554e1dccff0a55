package org.capvm.libos.net;

import static org.capvm.libos.net.SocketArguments.address;
import static org.capvm.libos.net.SocketArguments.socket;
import static org.capvm.libos.net.SocketArguments.storeAddress;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.MessageFlags;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.process.Task;

/** Making, naming and connecting sockets, and the calls that transfer from one buffer. */
final class SocketCalls {
  private SocketCalls() {}

  static long create(Task task, int family, int typeAndFlags, int protocol) {
    int flags = typeAndFlags & ~SocketType.SOCK_TYPE_MASK;
    SocketArguments.requireTypeFlags(flags);
    SocketDescription socket =
        SocketCreation.create(
            task.libraryOs().network(), family, typeAndFlags & SocketType.SOCK_TYPE_MASK, protocol);
    return SocketArguments.install(task, socket, flags);
  }

  static long pair(Task task, int family, int typeAndFlags, int protocol, long result) {
    int flags = typeAndFlags & ~SocketType.SOCK_TYPE_MASK;
    SocketArguments.requireTypeFlags(flags);
    // Linux stores the descriptors before it makes the sockets: EFAULT comes first.
    task.memory().putInt(result, -1);
    task.memory().putInt(result + 4, -1);
    SocketDescription[] sockets =
        SocketCreation.pair(
            task,
            task.libraryOs().network(),
            family,
            typeAndFlags & SocketType.SOCK_TYPE_MASK,
            protocol);
    int first = installFirst(task, sockets, flags);
    int second;
    try {
      second = SocketArguments.install(task, sockets[1], flags);
    } catch (ErrnoException e) {
      task.files().remove(first).release();
      throw e;
    }
    task.memory().putInt(result, first);
    task.memory().putInt(result + 4, second);
    return 0;
  }

  private static int installFirst(Task task, SocketDescription[] sockets, int flags) {
    try {
      return SocketArguments.install(task, sockets[0], flags);
    } catch (ErrnoException e) {
      sockets[1].release();
      throw e;
    }
  }

  static long bind(Task task, int descriptor, long guestAddress, int length) {
    SocketDescription socket = socket(task, descriptor);
    try {
      socket.bind(task, address(task, guestAddress, length));
      return 0;
    } finally {
      socket.release();
    }
  }

  static long listen(Task task, int descriptor, int backlog) {
    SocketDescription socket = socket(task, descriptor);
    try {
      socket.listen(task, backlog);
      return 0;
    } finally {
      socket.release();
    }
  }

  static long accept(Task task, int descriptor, long guestAddress, long lengthAddress, int flags) {
    task.files().get(descriptor).release();
    SocketArguments.requireTypeFlags(flags);
    SocketDescription socket = socket(task, descriptor);
    try {
      SocketDescription accepted = socket.accept(task);
      try {
        if (guestAddress != 0) {
          storeAddress(task, accepted.nameOfAcceptedPeer(), guestAddress, lengthAddress);
        }
      } catch (RuntimeException e) {
        accepted.release();
        throw e;
      }
      return SocketArguments.install(task, accepted, flags);
    } finally {
      socket.release();
    }
  }

  static long connect(Task task, int descriptor, long guestAddress, int length) {
    task.files().get(descriptor).release();
    byte[] bytes = address(task, guestAddress, length);
    SocketDescription socket = socket(task, descriptor);
    try {
      if (bytes.length < 2) {
        return -Errno.EINVAL;
      }
      return socket.connect(task, bytes);
    } finally {
      socket.release();
    }
  }

  static long localName(Task task, int descriptor, long guestAddress, long lengthAddress) {
    SocketDescription socket = socket(task, descriptor);
    try {
      storeAddress(task, socket.localName(), guestAddress, lengthAddress);
      return 0;
    } finally {
      socket.release();
    }
  }

  static long peerName(Task task, int descriptor, long guestAddress, long lengthAddress) {
    SocketDescription socket = socket(task, descriptor);
    try {
      storeAddress(task, socket.peerName(), guestAddress, lengthAddress);
      return 0;
    } finally {
      socket.release();
    }
  }

  static long shutdown(Task task, int descriptor, int how) {
    SocketDescription socket = socket(task, descriptor);
    try {
      if (how < SocketType.SHUT_RD || how > SocketType.SHUT_RDWR) {
        return -Errno.EINVAL;
      }
      // SHUT_RD is 0, SHUT_WR 1 and SHUT_RDWR 2: one less than the bits.
      socket.shutdown(how + 1);
      return 0;
    } finally {
      socket.release();
    }
  }

  static long sendTo(
      Task task,
      int descriptor,
      long buffer,
      long length,
      int flags,
      long guestAddress,
      int addressLength) {
    requireRange(buffer, length);
    SocketDescription socket = socket(task, descriptor);
    try {
      // An AF_UNIX socket takes an address of no bytes as none.
      boolean none = guestAddress == 0 || (addressLength == 0 && socket instanceof UnixSocket);
      byte[] to = none ? null : address(task, guestAddress, addressLength);
      Ancillary ancillary = MessageCalls.implicitCredentials(task, socket, to);
      IoBuffer bytes = IoBuffer.guest(task.memory(), buffer, length);
      return socket.sendSignalling(task, bytes, flags, to, ancillary);
    } finally {
      socket.release();
    }
  }

  /** What Linux says of the buffer before it looks at the descriptor. */
  private static void requireRange(long buffer, long length) {
    boolean longer = Long.compareUnsigned(length, IoBuffer.MAX_TRANSFER_BYTES) > 0;
    AddressLayout.requireUserRange(buffer, longer ? IoBuffer.MAX_TRANSFER_BYTES : length);
  }

  static long receiveFrom(
      Task task,
      int descriptor,
      long buffer,
      long length,
      int flags,
      long guestAddress,
      long lengthAddress) {
    requireRange(buffer, length);
    SocketDescription socket = socket(task, descriptor);
    try {
      task.addressSpace().prepareStore(buffer, length);
      IoBuffer bytes = IoBuffer.guest(task.memory(), buffer, length);
      if (guestAddress == 0 && (flags & MessageFlags.MSG_TRUNC) == 0) {
        return socket.receive(task, bytes, flags, null);
      }
      Received received = new Received();
      long count = socket.receive(task, bytes, flags, received);
      if (received.ancillary() != null) {
        received.ancillary().release();
      }
      if (count >= 0 && guestAddress != 0) {
        storeAddress(task, received.source(), guestAddress, lengthAddress);
      }
      return MessageCalls.reported(count, flags, received);
    } finally {
      socket.release();
    }
  }
}
