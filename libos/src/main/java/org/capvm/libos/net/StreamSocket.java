package org.capvm.libos.net;

import static org.capvm.libos.abi.MessageFlags.MSG_OOB;
import static org.capvm.libos.abi.MessageFlags.MSG_PEEK;
import static org.capvm.libos.abi.MessageFlags.MSG_WAITALL;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.POLLOUT;
import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.process.Task;

/**
 * A socket that connects before it transfers: TCP, and AF_UNIX of the types stream and seqpacket.
 * Here are transfer, accepting and closing; naming and connecting are the subclasses'.
 */
abstract class StreamSocket extends SocketDescription {
  private volatile StreamTransport transport;
  private volatile AcceptQueue acceptQueue;
  private volatile boolean resetOnClose;

  StreamSocket(
      NetworkNamespace network, int family, int type, int protocol, SocketOptions options) {
    super(network, family, type, protocol, options);
  }

  /** What this sends and receives through, or null while it is not connected. */
  final StreamTransport transport() {
    return transport;
  }

  /** The connection is there. */
  final void connected(StreamTransport established) {
    transport = established;
    waiters().announce(READABLE | WRITABLE);
  }

  /** The connection did not come about; whoever opened what carried it closes it. */
  final void forgetTransport() {
    transport = null;
  }

  /** The queue of a listening socket, or null. */
  final AcceptQueue acceptQueue() {
    return acceptQueue;
  }

  final void startListening(int backlog) {
    AcceptQueue current = acceptQueue;
    if (current == null) {
      acceptQueue = new AcceptQueue(backlog);
      waiters().announce(POLLIN);
    } else {
      current.setBacklog(backlog);
    }
  }

  final void stopListening() {
    AcceptQueue queue = acceptQueue;
    acceptQueue = null;
    if (queue != null) {
      queue.close();
      waiters().announce(POLLIN | POLLHUP);
    }
  }

  /** Whether a connection from the host would find room in the queue. */
  final boolean hasRoomToAdmit() {
    AcceptQueue queue = acceptQueue;
    return queue != null && queue.hasRoomOrIsClosed();
  }

  /** Queues a connection from the host, or resets it if there is no room any more. */
  final void admit(StreamSocket child) {
    AcceptQueue queue = acceptQueue;
    if (queue == null || queue.offer(child) != AcceptQueue.Offer.QUEUED) {
      child.abandon();
    } else {
      waiters().announce(READABLE);
    }
  }

  /** A backlog as Linux takes it: negative means as long as may be. */
  static int clampBacklog(int backlog) {
    return Integer.compareUnsigned(backlog, SocketType.SOMAXCONN) > 0
        ? SocketType.SOMAXCONN
        : backlog;
  }

  @Override
  final boolean isListening() {
    return acceptQueue != null;
  }

  private boolean isStream() {
    return type() == SocketType.SOCK_STREAM;
  }

  @Override
  boolean signalsBrokenPipe() {
    return isStream();
  }

  // ---- what unconnected sockets answer

  /**
   * Waits for a connection that is being made, if there is one; the error of a receive call
   * otherwise, or 0 without a connection where it finds the end.
   */
  abstract long awaitConnectionToReceive(Task task, int flags);

  /**
   * Waits for a connection that is being made, if there is one; the error of a send call otherwise.
   */
  abstract long awaitConnectionToSend(Task task, int flags);

  /** The error of sending to an address although connections have their own, or 0 to ignore it. */
  abstract int errorOfAddress();

  // ---- transfer

  @Override
  final long receive(Task task, IoBuffer buffer, int flags, Received received) {
    StreamTransport current = transport;
    if (current == null) {
      long error = awaitConnectionToReceive(task, flags);
      current = transport;
      if (error != 0 || current == null) {
        return error;
      }
    }
    if ((flags & MSG_OOB) != 0) {
      return isStream() ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
    }
    if (buffer.length() == 0 && isStream()) {
      boolean something = (readiness() & POLLIN) != 0;
      return something || !mustNotWait(flags) ? 0 : -Errno.EAGAIN;
    }
    boolean peek = (flags & MSG_PEEK) != 0;
    long count = current.receive(buffer, 0, peek, received);
    boolean wantsMore =
        count > 0
            && (flags & MSG_WAITALL) != 0
            && count < buffer.length()
            && !peek
            && isStream()
            && (received == null || received.ancillary() == null);
    if ((count == -Errno.EAGAIN || wantsMore) && !mustNotWait(flags)) {
      return receiveWaiting(task, current, buffer, Math.max(count, 0), flags, received);
    }
    return count;
  }

  private long receiveWaiting(
      Task task,
      StreamTransport current,
      IoBuffer buffer,
      long already,
      int flags,
      Received received) {
    boolean peek = (flags & MSG_PEEK) != 0;
    boolean all = (flags & MSG_WAITALL) != 0 && isStream() && !peek;
    long timeout = options().receiveTimeoutNanos();
    long deadline = SocketOptions.deadline(timeout);
    long done = already;
    while (true) {
      try {
        if (!current.await(task, POLLIN, deadline)) {
          return done > 0 ? done : -Errno.EAGAIN;
        }
      } catch (ErrnoException e) {
        if (done > 0) {
          return done;
        }
        throw interrupted(e, timeout);
      }
      long count = current.receive(buffer, done, peek, received);
      if (count == -Errno.EAGAIN) {
        continue;
      }
      if (count <= 0) {
        return done > 0 ? done : count;
      }
      done += count;
      if (!all || done == buffer.length()) {
        return done;
      }
    }
  }

  @Override
  final long send(Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary) {
    long sent = -1;
    try {
      sent = trySend(task, buffer, flags, address, ancillary);
      return sent;
    } finally {
      boolean passedOn = isStream() ? sent > 0 : sent >= 0;
      if (ancillary != null && !passedOn) {
        ancillary.release();
      }
    }
  }

  private long trySend(Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary) {
    if (address != null) {
      int error = errorOfAddress();
      if (error != 0) {
        return -error;
      }
    }
    if ((flags & MSG_OOB) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    StreamTransport current = transport;
    if (current == null) {
      long error = awaitConnectionToSend(task, flags);
      if (error != 0) {
        return error;
      }
      current = transport;
    }
    long count = current.send(buffer, 0, ancillary);
    if (count == buffer.length() || (count < 0 && count != -Errno.EAGAIN) || mustNotWait(flags)) {
      return count;
    }
    return sendWaiting(task, current, buffer, Math.max(count, 0), ancillary);
  }

  private long sendWaiting(
      Task task, StreamTransport current, IoBuffer buffer, long already, Ancillary ancillary) {
    long timeout = options().sendTimeoutNanos();
    long deadline = SocketOptions.deadline(timeout);
    long done = already;
    while (true) {
      try {
        if (!current.await(task, POLLOUT, deadline)) {
          return done > 0 ? done : -Errno.EAGAIN;
        }
      } catch (ErrnoException e) {
        if (done > 0) {
          return done;
        }
        throw interrupted(e, timeout);
      }
      long count = current.send(buffer, done, done == 0 ? ancillary : null);
      if (count == -Errno.EAGAIN) {
        continue;
      }
      if (count < 0) {
        return done > 0 ? done : count;
      }
      done += count;
      if (done == buffer.length()) {
        return done;
      }
    }
  }

  @Override
  final long readableBytes() {
    StreamTransport current = transport;
    return current == null ? 0 : current.readableBytes();
  }

  @Override
  final long unsentBytes() {
    StreamTransport current = transport;
    return current == null ? 0 : current.unsentBytes();
  }

  @Override
  final void buffersChanged() {
    StreamTransport current = transport;
    if (current != null) {
      current.setBufferSizes(options().sendBytes(), options().receiveBytes());
    }
  }

  // ---- accepting

  @Override
  final SocketDescription accept(Task task) {
    AcceptQueue queue = acceptQueue;
    if (queue == null) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    StreamSocket next = queue.poll();
    if (next == null) {
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      next = acceptWaiting(task, queue);
    }
    next.accepted();
    roomToAccept();
    return next;
  }

  private StreamSocket acceptWaiting(Task task, AcceptQueue queue) {
    long timeout = options().receiveTimeoutNanos();
    long deadline = SocketOptions.deadline(timeout);
    while (true) {
      if (!await(task, () -> !queue.isEmpty() || queue.isClosed(), deadline, timeout)) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      StreamSocket next = queue.poll();
      if (next != null) {
        return next;
      }
      if (queue.isClosed()) {
        throw ErrnoException.of(Errno.EINVAL);
      }
    }
  }

  /** This socket was taken from its accept queue. */
  void accepted() {}

  /** A place in the accept queue is free. */
  void roomToAccept() {}

  // ---- readiness and end

  @Override
  public final int readiness() {
    StreamTransport current = transport;
    int ready;
    if (current != null) {
      ready = current.readiness();
    } else {
      AcceptQueue queue = acceptQueue;
      ready = queue != null ? (queue.isEmpty() ? 0 : READABLE) : readinessWhenUnconnected();
    }
    return hasPendingError() ? ready | org.capvm.libos.file.PollEvents.POLLERR : ready;
  }

  /** The poll events of a socket that neither is connected nor listens. */
  int readinessWhenUnconnected() {
    return WRITABLE | POLLHUP;
  }

  @Override
  public final boolean isHostPolled() {
    return hostDescriptor() >= 0;
  }

  @Override
  public final int hostDescriptor() {
    StreamTransport current = transport;
    return current == null ? -1 : current.hostDescriptor();
  }

  @Override
  public final int hostSink() {
    return transport instanceof HostTransport outside ? outside.hostDescriptor() : -1;
  }

  @Override
  final int takeError() {
    int error = super.takeError();
    StreamTransport current = transport;
    return error != 0 || current == null ? error : current.takeError();
  }

  /** Ends a connection that nobody accepted. */
  final void abandon() {
    resetOnClose = true;
    release();
  }

  @Override
  protected void close() {
    stopListening();
    StreamTransport current = transport;
    if (current != null) {
      boolean lingersNot = options().lingers() && options().lingerSeconds() == 0;
      current.close(resetOnClose || (lingersNot && isTcp()));
    }
    forgetName();
  }

  /** Whether {@code SO_LINGER} with 0 seconds resets. */
  abstract boolean isTcp();

  /** Gives port or name back. */
  abstract void forgetName();
}
