package org.capvm.libos.net;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/**
 * Turns the arguments of socket calls into what sockets work with, and results into guest memory.
 */
final class SocketArguments {
  private static final int MOST_ADDRESS_BYTES = 128;

  private SocketArguments() {}

  /** The socket of a descriptor, with a reference for the caller; EBADF or ENOTSOCK. */
  static SocketDescription socket(Task task, int descriptor) {
    FileDescription file = task.files().get(descriptor);
    if (file instanceof SocketDescription socket) {
      return socket;
    }
    file.release();
    throw ErrnoException.of(Errno.ENOTSOCK);
  }

  /** A socket address the guest passes. */
  static byte[] address(Task task, long guestAddress, int length) {
    if (length < 0 || length > MOST_ADDRESS_BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    byte[] bytes = new byte[length];
    if (length > 0) {
      task.memory().read(guestAddress, bytes, 0, length);
    }
    return bytes;
  }

  /**
   * Stores a socket address as far as the guest's buffer goes, and its full length.
   *
   * @param address null for none
   * @param lengthAddress the buffer's size, replaced by the address's
   */
  static void storeAddress(Task task, byte[] address, long guestAddress, long lengthAddress) {
    GuestMemory memory = task.memory();
    int room = memory.getInt(lengthAddress);
    if (room < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    int length = address == null ? 0 : address.length;
    if (length > 0 && room > 0) {
      memory.write(guestAddress, address, 0, Math.min(room, length));
    }
    memory.putInt(lengthAddress, length);
  }

  /** Refuses type flags that are none. */
  static void requireTypeFlags(int flags) {
    if ((flags & ~(SocketType.SOCK_NONBLOCK | SocketType.SOCK_CLOEXEC)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  /** Gives a new socket a descriptor; its reference passes on. */
  static int install(Task task, SocketDescription socket, int typeFlags) {
    if ((typeFlags & SocketType.SOCK_NONBLOCK) != 0) {
      socket.changeFlags(socket.flags() | OpenFlags.O_NONBLOCK);
    }
    return task.install(socket, (typeFlags & SocketType.SOCK_CLOEXEC) != 0);
  }
}
