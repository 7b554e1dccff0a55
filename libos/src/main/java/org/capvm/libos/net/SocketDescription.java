package org.capvm.libos.net;

import static org.capvm.libos.abi.MessageFlags.MSG_DONTWAIT;
import static org.capvm.libos.abi.MessageFlags.MSG_NOSIGNAL;

import java.util.function.BooleanSupplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousInodes;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/**
 * A socket. What differs between families and types is in the subclasses; here is what {@link
 * SocketCalls} and {@link MessageCalls} call.
 *
 * <p>Socket addresses come and go as the guest's bytes. Calls that transfer may return -errno
 * instead of throwing, because EAGAIN is an everyday answer.
 */
public abstract class SocketDescription extends FileDescription {
  private static final int SIOCATMARK = 0x8905;

  private final NetworkNamespace network;
  private final int family;
  private final int type;
  private final int protocol;
  private final SocketOptions options;
  private final WaitQueue waiters = new WaitQueue();
  private volatile boolean forwarded;
  private volatile FileStatus status = AnonymousInodes.status(FileMode.S_IFSOCK | 0777);
  private volatile int pendingError;

  /**
   * @param type without flags
   * @param options this socket's own
   */
  SocketDescription(
      NetworkNamespace network, int family, int type, int protocol, SocketOptions options) {
    super(null, OpenFlags.O_RDWR);
    this.network = network;
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.options = options;
  }

  final NetworkNamespace network() {
    return network;
  }

  final int family() {
    return family;
  }

  final int type() {
    return type;
  }

  final int protocol() {
    return protocol;
  }

  final SocketOptions options() {
    return options;
  }

  // ---- calls

  /** {@code bind}. */
  abstract void bind(Task task, byte[] address);

  /** {@code listen}. */
  void listen(Task task, int backlog) {
    throw ErrnoException.of(Errno.EOPNOTSUPP);
  }

  /** {@code accept}; the socket's one reference is the caller's. */
  SocketDescription accept(Task task) {
    throw ErrnoException.of(Errno.EOPNOTSUPP);
  }

  /** {@code connect}. Returns 0 or -errno. */
  abstract long connect(Task task, byte[] address);

  /** {@code getsockname}. */
  abstract byte[] localName();

  /** {@code getpeername}; ENOTCONN if there is no peer. */
  abstract byte[] peerName();

  /** What {@code accept} says of the peer, which may be gone already. */
  byte[] nameOfAcceptedPeer() {
    return peerName();
  }

  /**
   * Sends one message, or bytes of a stream.
   *
   * @param flags {@code MSG_} flags
   * @param address where to, or null
   * @param ancillary what goes with it, or null; its references pass on, also if the call fails
   * @return the count or -errno
   */
  abstract long send(Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary);

  /**
   * Receives one message, or bytes of a stream.
   *
   * @param flags {@code MSG_} flags
   * @param received where all but the bytes goes, or null
   * @return the count or -errno
   */
  abstract long receive(Task task, IoBuffer buffer, int flags, Received received);

  /** {@code shutdown}: bits of {@link StreamTransport}. */
  abstract void shutdown(int directions);

  /** Whether this listens: {@code SO_ACCEPTCONN}. */
  boolean isListening() {
    return false;
  }

  /** {@code SO_PEERCRED}. */
  PeerCredentials peerCredentials() {
    return PeerCredentials.UNKNOWN;
  }

  /** Bytes that a receive call would find: {@code FIONREAD}. */
  abstract long readableBytes();

  /** Bytes on their way: {@code TIOCOUTQ}. */
  long unsentBytes() {
    return 0;
  }

  /** The options changed that size buffers. */
  void buffersChanged() {}

  /** A {@link StoredOption} was set. */
  void optionChanged(StoredOption option, int value) {}

  /** Whether an end of a stream that is written to gives SIGPIPE. */
  boolean signalsBrokenPipe() {
    return false;
  }

  // ---- errors that come later

  /** Takes the pending error: {@code SO_ERROR}. */
  int takeError() {
    synchronized (waiters) {
      int taken = pendingError;
      pendingError = 0;
      return taken;
    }
  }

  /** Whether an error is pending. */
  final boolean hasPendingError() {
    return pendingError != 0;
  }

  final void setPendingError(int errno) {
    synchronized (waiters) {
      pendingError = errno;
    }
  }

  // ---- as an open file

  @Override
  public final long read(Task task, IoBuffer buffer) {
    // Unlike a receive of no bytes, which waits for a message.
    return buffer.length() == 0 ? 0 : receive(task, buffer, 0, null);
  }

  @Override
  public final long write(Task task, IoBuffer buffer) {
    return sendSignalling(task, buffer, 0, null, null);
  }

  /** As {@link #send}; a broken stream gives SIGPIPE unless the flags say no. */
  final long sendSignalling(
      Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary) {
    long sent = send(task, buffer, flags, address, ancillary);
    if (sent == -Errno.EPIPE && (flags & MSG_NOSIGNAL) == 0 && signalsBrokenPipe()) {
      BrokenPipe.raise(task);
    }
    return sent;
  }

  /** Where changes are announced, whatever carries the data. */
  final WaitQueue waiters() {
    return waiters;
  }

  /**
   * The data is the host's from now on: whoever watches already, and does not know the host
   * descriptor, hears of its changes through the watcher.
   */
  final void becameHostPolled(int hostDescriptor) {
    if (!forwarded && !waiters.isEmpty()) {
      forwarded = true;
      network.watcher().forward(hostDescriptor, waiters);
    }
  }

  @Override
  public final WaitQueue waitQueue() {
    return isHostPolled() && !forwarded ? null : waiters;
  }

  @Override
  public final FileStatus status() {
    return status;
  }

  @Override
  public final synchronized boolean changeMode(int permissions) {
    status = status.withPermissions(permissions);
    return true;
  }

  @Override
  public final String describe(Location root) {
    return "socket:[" + status.inode() + "]";
  }

  @Override
  public final long control(Task task, int request, long argument) {
    switch (request) {
      case IoctlCodes.FIONREAD -> {
        if (isListening()) {
          return -Errno.EINVAL;
        }
        task.memory().putInt(argument, (int) Math.min(readableBytes(), Integer.MAX_VALUE));
      }
      case IoctlCodes.TIOCOUTQ -> task.memory().putInt(argument, (int) unsentBytes());
      case SIOCATMARK -> task.memory().putInt(argument, 0);
      default -> {
        return InterfaceControls.control(task, request, argument);
      }
    }
    return 0;
  }

  // ---- waiting

  /** Whether a call with these flags must not wait. */
  final boolean mustNotWait(int flags) {
    return (flags & MSG_DONTWAIT) != 0 || isNonBlocking();
  }

  /**
   * Waits on this socket's queue.
   *
   * @param timeoutNanos the timeout option that governs the wait, 0 for none
   * @return false if the deadline passed first
   */
  final boolean await(Task task, BooleanSupplier condition, long deadlineNanos, long timeoutNanos) {
    try {
      return waiters.await(task, condition, deadlineNanos);
    } catch (ErrnoException e) {
      throw interrupted(e, timeoutNanos);
    }
  }

  /** A wait with a timeout is not restarted after a signal: it would start over. */
  static ErrnoException interrupted(ErrnoException e, long timeoutNanos) {
    return e.errno() == Errno.ERESTARTSYS && timeoutNanos != 0 ? ErrnoException.of(Errno.EINTR) : e;
  }
}
