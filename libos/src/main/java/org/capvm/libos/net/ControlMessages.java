package org.capvm.libos.net;

import static org.capvm.libos.abi.MessageFlags.MSG_CMSG_CLOEXEC;
import static org.capvm.libos.abi.MessageFlags.MSG_CTRUNC;
import static org.capvm.libos.abi.MessageFlags.SCM_CREDENTIALS;
import static org.capvm.libos.abi.MessageFlags.SCM_MAX_FD;
import static org.capvm.libos.abi.MessageFlags.SCM_RIGHTS;
import static org.capvm.libos.abi.SocketOptionNames.SOL_SOCKET;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;

/**
 * The control part of {@code struct msghdr}: a sequence of
 *
 * <pre>
 *      0 cmsg_len (8)   8 cmsg_level (4)   12 cmsg_type (4)   16 data, padded to 8
 * </pre>
 */
final class ControlMessages {
  private static final int HEADER_BYTES = 16;
  private static final int CREDENTIAL_BYTES = 12;
  private static final int MOST_BYTES = 1 << 16;

  private ControlMessages() {}

  /**
   * What a guest wants to send along.
   *
   * @return null if there is nothing; otherwise its references are the caller's
   */
  static Ancillary parse(Task task, SocketDescription socket, long guestAddress, long length) {
    if (length <= 0) {
      return null;
    }
    if (length > MOST_BYTES) {
      throw ErrnoException.of(Errno.ENOBUFS);
    }
    byte[] bytes = new byte[(int) length];
    task.memory().read(guestAddress, bytes, 0, bytes.length);
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    boolean unix = socket instanceof UnixSocket;
    List<FileDescription> files = new ArrayList<>();
    PeerCredentials credentials = null;
    PacketDetails packet = PacketDetails.NONE;
    try {
      int at = 0;
      while (at + HEADER_BYTES <= bytes.length) {
        long messageBytes = in.getLong(at);
        if (messageBytes < HEADER_BYTES || messageBytes > bytes.length - at) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        int data = (int) messageBytes - HEADER_BYTES;
        int level = in.getInt(at + 8);
        if (!unix) {
          packet = PacketControl.parse(packet, level, in, at, data);
        } else if (level == SOL_SOCKET) {
          switch (in.getInt(at + 12)) {
            case SCM_RIGHTS -> takeFiles(task, in, at + HEADER_BYTES, data / 4, files);
            case SCM_CREDENTIALS -> credentials = credentials(task, in, at + HEADER_BYTES, data);
            default -> throw ErrnoException.of(Errno.EINVAL);
          }
        }
        at += ((int) messageBytes + 7) & ~7;
      }
    } catch (RuntimeException e) {
      files.forEach(FileDescription::release);
      throw e;
    }
    if (!unix) {
      return socket instanceof InternetDatagramSocket ? Ancillary.of(packet) : null;
    }
    if (files.isEmpty() && credentials == null) {
      return null;
    }
    return new Ancillary(
        List.copyOf(files), credentials != null ? credentials : PeerCredentials.of(task), null);
  }

  private static void takeFiles(
      Task task, ByteBuffer in, int at, int count, List<FileDescription> files) {
    if (files.size() + count > SCM_MAX_FD) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    for (int i = 0; i < count; i++) {
      files.add(task.files().getAny(in.getInt(at + 4 * i)));
    }
  }

  /** A {@code struct ucred}; only the superuser may claim to be somebody else. */
  private static PeerCredentials credentials(Task task, ByteBuffer in, int at, int length) {
    if (length != CREDENTIAL_BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    PeerCredentials claimed =
        new PeerCredentials(in.getInt(at), in.getInt(at + 4), in.getInt(at + 8));
    Credentials own = task.credentials();
    boolean mine =
        claimed.processId() == task.process().id()
            && (claimed.uid() == own.uid()
                || claimed.uid() == own.euid()
                || claimed.uid() == own.suid())
            && (claimed.gid() == own.gid()
                || claimed.gid() == own.egid()
                || claimed.gid() == own.sgid());
    if (!mine && !own.isPrivileged()) {
      throw ErrnoException.of(Errno.EPERM);
    }
    return claimed;
  }

  /**
   * Stores what came with a message, and gives its open files descriptors; what does not fit is
   * dropped.
   *
   * @param room the size of the guest's buffer
   * @return how many bytes were stored; {@code received} has MSG_CTRUNC if something was dropped
   */
  static long store(
      Task task, SocketDescription socket, Received received, long guestAddress, long room) {
    Ancillary ancillary = received.ancillary();
    long used = 0;
    if (socket instanceof UnixSocket && socket.options().passCredentials()) {
      PeerCredentials from = ancillary != null ? ancillary.credentials() : PeerCredentials.nobody();
      byte[] value = new byte[CREDENTIAL_BYTES];
      ByteBuffer out = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
      out.putInt(from.processId()).putInt(from.uid()).putInt(from.gid());
      used = put(task, received, guestAddress, room, SOL_SOCKET, SCM_CREDENTIALS, value);
    }
    if (ancillary != null && ancillary.packet() != null) {
      used = PacketControl.store(task, socket, received, guestAddress, room);
    }
    if (ancillary != null && ancillary.hasFiles()) {
      used += storeFiles(task, received, ancillary, guestAddress + used, room - used);
    }
    return used;
  }

  /**
   * Stores one control message as far as there is room.
   *
   * @return how much room it took
   */
  static long put(
      Task task, Received received, long at, long room, int level, int type, byte[] value) {
    int length = HEADER_BYTES + value.length;
    if (room < length) {
      received.addFlags(MSG_CTRUNC);
    }
    if (room < HEADER_BYTES) {
      return 0;
    }
    int stored = (int) Math.min(length, room);
    byte[] message = new byte[length];
    ByteBuffer out = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(stored).putInt(level).putInt(type).put(value);
    task.memory().write(at, message, 0, stored);
    return Math.min(room, (length + 7) & ~7);
  }

  private static long storeFiles(
      Task task, Received received, Ancillary ancillary, long at, long room) {
    List<FileDescription> files = ancillary.files();
    long fitting = room < HEADER_BYTES ? 0 : Math.min(files.size(), (room - HEADER_BYTES) / 4);
    boolean onExecClose = (received.flags() & MSG_CMSG_CLOEXEC) != 0;
    int done = 0;
    try {
      while (done < fitting) {
        FileDescription file = files.get(done);
        file.retain();
        int descriptor = task.install(file, onExecClose);
        task.memory().putInt(at + HEADER_BYTES + 4L * done, descriptor);
        done++;
      }
    } catch (ErrnoException e) {
      // No descriptor is left: the guest gets those that were given.
      received.addFlags(MSG_CTRUNC);
    }
    if (done < files.size()) {
      received.addFlags(MSG_CTRUNC);
    }
    if (done == 0) {
      return 0;
    }
    long length = HEADER_BYTES + 4L * done;
    task.memory().putLong(at, length);
    task.memory().putInt(at + 8, SOL_SOCKET);
    task.memory().putInt(at + 12, SCM_RIGHTS);
    return Math.min(room, (length + 7) & ~7);
  }
}
