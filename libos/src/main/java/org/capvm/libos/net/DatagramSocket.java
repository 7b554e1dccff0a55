package org.capvm.libos.net;

import static org.capvm.libos.abi.MessageFlags.MSG_OOB;
import static org.capvm.libos.abi.MessageFlags.MSG_PEEK;
import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLRDHUP;
import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/** A socket that receives messages from many senders into one queue. */
abstract class DatagramSocket extends SocketDescription {
  private final WaitQueue room = new WaitQueue();
  private final RecordBuffer incoming;
  private volatile int shut;

  DatagramSocket(
      NetworkNamespace network, int family, int type, int protocol, SocketOptions options) {
    super(network, family, type, protocol, options);
    incoming = new RecordBuffer(waiters(), room, options.receiveBytes(), network.memory());
  }

  /** What was received and not yet read. */
  final RecordBuffer incoming() {
    return incoming;
  }

  /** Where room in {@link #incoming} is announced. */
  final WaitQueue room() {
    return room;
  }

  /** Whether a direction is shut. */
  final boolean isShut(int direction) {
    return (shut & direction) != 0;
  }

  @Override
  long receive(Task task, IoBuffer buffer, int flags, Received received) {
    if ((flags & MSG_OOB) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    long timeout = options().receiveTimeoutNanos();
    long deadline = 0;
    while (true) {
      int error = takeError();
      if (error != 0) {
        return -error;
      }
      boolean ended = isShut(StreamTransport.RECEIVE_SHUT);
      long count = incoming.read(buffer, 0, (flags & MSG_PEEK) != 0, received);
      if (count != -Errno.EAGAIN) {
        return count;
      }
      if (ended) {
        return 0;
      }
      if (mustNotWait(flags)) {
        return -Errno.EAGAIN;
      }
      if (deadline == 0) {
        deadline = SocketOptions.deadline(timeout);
      }
      if (!await(task, this::isReadReady, deadline, timeout)) {
        return -Errno.EAGAIN;
      }
    }
  }

  private boolean isReadReady() {
    return !incoming.isEmpty() || hasPendingError() || isShut(StreamTransport.RECEIVE_SHUT);
  }

  @Override
  void shutdown(int directions) {
    synchronized (this) {
      shut |= directions;
    }
    waiters().announce(READABLE | WRITABLE | POLLHUP | POLLRDHUP);
  }

  @Override
  public int readiness() {
    int ready = hasPendingError() ? POLLERR : 0;
    if (isReadReady()) {
      ready |= READABLE;
    }
    if (isShut(StreamTransport.RECEIVE_SHUT)) {
      ready |= POLLRDHUP | (isShut(StreamTransport.SEND_SHUT) ? POLLHUP : 0);
    }
    return isWritableNow() ? ready | WRITABLE : ready;
  }

  /** Whether sending would not wait. */
  boolean isWritableNow() {
    return true;
  }

  @Override
  final long readableBytes() {
    return incoming.readableBytes();
  }

  @Override
  final void buffersChanged() {
    incoming.setCapacity(options().receiveBytes());
  }
}
