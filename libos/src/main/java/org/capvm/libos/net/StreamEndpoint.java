package org.capvm.libos.net;

import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.POLLOUT;
import static org.capvm.libos.file.PollEvents.POLLRDHUP;
import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;

/**
 * One end of a connection in memory. Two are made at once; each reads what the other writes.
 *
 * <p>{@link Protocol} says how an end learns that the other one went: TCP tells by FIN and RST,
 * which arrive after the data, AF_UNIX at once.
 */
final class StreamEndpoint implements StreamTransport {
  /** Whose rules an end follows. */
  enum Protocol {
    TCP,
    UNIX_STREAM,
    UNIX_RECORDS
  }

  private static final int BOTH_SHUT = RECEIVE_SHUT | SEND_SHUT;
  private static final int ANY_CHANGE = READABLE | WRITABLE | POLLHUP | POLLERR | POLLRDHUP;

  private final Protocol protocol;
  private final WaitQueue waiters;

  /** Whether the other end is another cVM's: only bytes pass. */
  private final boolean crossing;

  /** Guards the states of both ends: the same object for both. */
  private final Object connection;

  private StreamBuffer incoming;
  private StreamEndpoint peer;

  // Guarded by connection for changes.
  private volatile int shut;
  private volatile int error;
  private volatile boolean closed;

  /** The error of every transfer since the end was cut off, or 0. */
  private volatile int cutOff;

  private volatile boolean wasReset;
  private volatile boolean peerFinished;

  private StreamEndpoint(
      Protocol protocol, WaitQueue waiters, Object connection, boolean crossing) {
    this.crossing = crossing;
    this.protocol = protocol;
    this.waiters = waiters;
    this.connection = connection;
  }

  /**
   * Makes a connection.
   *
   * @param waiters the wait queues of the sockets at its ends
   * @param capacities the bytes that fit on the way to each end
   * @param payers who is charged with the bytes that each end sends
   * @param crossing whether the ends are in two cVMs, which pass each other no open files
   * @return the two ends
   */
  static StreamEndpoint[] pair(
      Protocol protocol,
      WaitQueue[] waiters,
      long[] capacities,
      MemoryLimit[] payers,
      boolean crossing) {
    Object connection = new Object();
    StreamEndpoint one = new StreamEndpoint(protocol, waiters[0], connection, crossing);
    StreamEndpoint other = new StreamEndpoint(protocol, waiters[1], connection, crossing);
    one.link(other, capacities[0], payers[1]);
    other.link(one, capacities[1], payers[0]);
    return new StreamEndpoint[] {one, other};
  }

  private void link(StreamEndpoint other, long capacity, MemoryLimit payer) {
    peer = other;
    incoming =
        protocol == Protocol.UNIX_RECORDS
            ? new RecordBuffer(waiters, other.waiters, capacity, payer)
            : new RingBuffer(waiters, other.waiters, capacity, payer);
  }

  @Override
  public long send(IoBuffer source, long position, Ancillary ancillary) {
    if (cutOff != 0) {
      return -cutOff;
    }
    if (error != 0) {
      return -takeError();
    }
    if ((shut & SEND_SHUT) != 0) {
      return -Errno.EPIPE;
    }
    Ancillary carried = ancillary;
    if (crossing && ancillary != null) {
      if (ancillary.hasFiles()) {
        return -Errno.EPERM;
      }
      carried = Ancillary.from(PeerCredentials.nobody());
    }
    long sent = peer.incoming.write(source, position, carried);
    if (sent == -Errno.EPIPE && cutOff != 0) {
      return -cutOff;
    }
    if (sent == -Errno.EPIPE && protocol == Protocol.TCP) {
      // The bytes leave and are answered by a reset, which only the next call sees.
      receiveReset(Errno.EPIPE);
      return source.length() - position;
    }
    return sent;
  }

  @Override
  public long receive(IoBuffer destination, long position, boolean peek, Received received) {
    if (cutOff != 0) {
      return -cutOff;
    }
    // Before looking at the data: what is said to be the end came after all of it.
    int shutBefore = shut;
    int errorBefore = error;
    long count = incoming.read(destination, position, peek, received);
    if (count != -Errno.EAGAIN) {
      return count;
    }
    if (cutOff != 0) {
      return -cutOff;
    }
    if (errorBefore != 0 && (protocol != Protocol.TCP || errorBefore != Errno.EPIPE)) {
      return -takeError();
    }
    return (shutBefore & RECEIVE_SHUT) != 0 ? 0 : -Errno.EAGAIN;
  }

  @Override
  public boolean await(Task task, int events, long deadlineNanos) {
    int wanted = events | POLLERR | POLLHUP;
    return waiters.await(task, () -> (readiness() & wanted) != 0, deadlineNanos);
  }

  @Override
  public int readiness() {
    int state = shut;
    int ready = 0;
    if (error != 0 || cutOff != 0) {
      ready |= POLLERR;
    }
    if (state == BOTH_SHUT) {
      ready |= POLLHUP;
    }
    if ((state & RECEIVE_SHUT) != 0) {
      ready |= READABLE | POLLRDHUP;
    } else if (!incoming.isEmpty()) {
      ready |= READABLE;
    }
    if ((state & SEND_SHUT) != 0 || peer.incoming.isWritable()) {
      ready |= WRITABLE;
    }
    return ready;
  }

  @Override
  public boolean hasPeer() {
    boolean over = wasReset || (peerFinished && (shut & SEND_SHUT) != 0);
    return protocol != Protocol.TCP || !over;
  }

  @Override
  public int takeError() {
    synchronized (connection) {
      int taken = error;
      error = 0;
      return taken;
    }
  }

  @Override
  public void shutdown(int directions) {
    synchronized (connection) {
      shut |= directions;
      if ((directions & SEND_SHUT) != 0) {
        peer.shut |= RECEIVE_SHUT;
        peer.peerFinished = true;
      }
      if ((directions & RECEIVE_SHUT) != 0 && protocol != Protocol.TCP) {
        peer.shut |= SEND_SHUT;
      }
    }
    waiters.announce(ANY_CHANGE);
    peer.waiters.announce(READABLE | POLLRDHUP | (peer.shut == BOTH_SHUT ? POLLHUP : 0) | WRITABLE);
  }

  @Override
  public void close(boolean reset) {
    boolean unread = incoming.abandon();
    synchronized (connection) {
      if (closed) {
        return;
      }
      closed = true;
      shut = BOTH_SHUT;
      if (!peer.closed) {
        peer.learnOfClose(unread || reset);
      }
    }
    peer.waiters.announce(ANY_CHANGE);
  }

  /**
   * Ends this end against the will of whoever uses it. When this returns, no transfer is in
   * progress, and every one from now on fails with the error; the peer sees a close.
   */
  void cutOff(int errno) {
    cutOff = errno;
    peer.incoming.refuse();
    close(false);
    waiters.announce(ANY_CHANGE);
  }

  /** Whether this end was closed. */
  boolean isClosed() {
    return closed;
  }

  /** Whether this end was ended by {@link #cutOff}. */
  boolean isCutOff() {
    return cutOff != 0;
  }

  /** Told of every change of this end's readiness. */
  WaitQueue waiters() {
    return waiters;
  }

  /** The other end was closed, with data it had not read or on purpose without warning. */
  private void learnOfClose(boolean reset) {
    peerFinished = true;
    wasReset = reset;
    if (protocol == Protocol.TCP && !reset) {
      shut |= RECEIVE_SHUT;
      return;
    }
    if (reset) {
      boolean hadEnded = (shut & RECEIVE_SHUT) != 0 && protocol == Protocol.TCP;
      error = hadEnded ? Errno.EPIPE : Errno.ECONNRESET;
    }
    shut = BOTH_SHUT;
  }

  private void receiveReset(int errno) {
    synchronized (connection) {
      error = errno;
      shut = BOTH_SHUT;
      wasReset = true;
    }
    waiters.announce(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
  }

  @Override
  public long readableBytes() {
    return incoming.readableBytes();
  }

  @Override
  public long unsentBytes() {
    return peer.incoming.queuedBytes();
  }

  @Override
  public void setBufferSizes(long sendBytes, long receiveBytes) {
    peer.incoming.setCapacity(sendBytes);
    incoming.setCapacity(receiveBytes);
  }

  @Override
  public int hostDescriptor() {
    return -1;
  }
}
