package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_UNIX;
import static org.capvm.libos.abi.SocketType.SOCK_STREAM;
import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;

/** An AF_UNIX socket of type stream or seqpacket. */
final class UnixStreamSocket extends StreamSocket implements UnixSocket {
  private final UnixName name = new UnixName(this);

  // Changed before the socket is anybody's, or under this object's monitor.
  private volatile UnixAddress peerName;
  private volatile PeerCredentials ownCredentials = PeerCredentials.UNKNOWN;
  private volatile PeerCredentials peerCredentials = PeerCredentials.UNKNOWN;
  private volatile UnixStreamSocket peer;

  UnixStreamSocket(NetworkNamespace network, int type) {
    this(network, type, UnixSocket.newOptions());
  }

  private UnixStreamSocket(NetworkNamespace network, int type, SocketOptions options) {
    super(network, AF_UNIX, type, 0, options);
  }

  /** Two sockets connected to each other. */
  static UnixStreamSocket[] pair(Task task, NetworkNamespace network, int type) {
    UnixStreamSocket one = new UnixStreamSocket(network, type);
    UnixStreamSocket other = new UnixStreamSocket(network, type);
    PeerCredentials credentials = PeerCredentials.of(task);
    one.ownCredentials = credentials;
    other.ownCredentials = credentials;
    StreamEndpoint[] ends = one.join(other);
    one.connected(ends[0]);
    other.connected(ends[1]);
    return new UnixStreamSocket[] {one, other};
  }

  /** A socket at an end of a stream that was made already; nothing is known of the other side. */
  static UnixStreamSocket at(NetworkNamespace network, StreamEndpoint end) {
    UnixStreamSocket made = new UnixStreamSocket(network, SOCK_STREAM);
    made.peerName = UnixAddress.UNNAMED;
    made.peerCredentials = PeerCredentials.nobody();
    end.waiters().add(made.waiters()::announce);
    made.connected(end);
    return made;
  }

  private StreamEndpoint[] join(UnixStreamSocket other) {
    boolean crossing = network() != other.network();
    peer = other;
    other.peer = this;
    peerName = other.name.address();
    other.peerName = name.address();
    peerCredentials = crossing ? PeerCredentials.nobody() : other.ownCredentials;
    other.peerCredentials = crossing ? PeerCredentials.nobody() : ownCredentials;
    return StreamEndpoint.pair(
        type() == SOCK_STREAM
            ? StreamEndpoint.Protocol.UNIX_STREAM
            : StreamEndpoint.Protocol.UNIX_RECORDS,
        new WaitQueue[] {waiters(), other.waiters()},
        new long[] {other.options().sendBytes(), options().sendBytes()},
        new MemoryLimit[] {network().memory(), other.network().memory()},
        crossing);
  }

  @Override
  void bind(Task task, byte[] bytes) {
    name.bind(task, bytes);
  }

  @Override
  void listen(Task task, int backlog) {
    synchronized (this) {
      if (transport() != null || !name.isBound()) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      ownCredentials = PeerCredentials.of(task);
      startListening(clampBacklog(backlog));
    }
    network().updatePublication(name.address());
  }

  /** A connection came in from the host: it is queued, or reset if there is no room any more. */
  void admit(int hostDescriptor) {
    UnixStreamSocket child = new UnixStreamSocket(network(), type(), options().copy());
    child.name.inherit(name);
    child.peerName = UnixAddress.UNNAMED;
    child.ownCredentials = ownCredentials;
    child.peerCredentials = PeerCredentials.nobody();
    child.connected(new HostTransport(hostDescriptor));
    admit(child);
  }

  @Override
  long connect(Task task, byte[] bytes) {
    UnixAddress address = UnixAddress.parse(bytes);
    if (address.isUnnamed()) {
      return -Errno.EINVAL;
    }
    long timeout = options().sendTimeoutNanos();
    long deadline = SocketOptions.deadline(timeout);
    while (true) {
      UnixStreamSocket listener =
          (UnixStreamSocket) network().unixNames().find(task, address, type());
      AcceptQueue queue = listener.acceptQueue();
      if (queue == null) {
        return -Errno.ECONNREFUSED;
      }
      synchronized (this) {
        if (transport() != null) {
          return -Errno.EISCONN;
        }
        if (isListening()) {
          return -Errno.EINVAL;
        }
        if (options().passCredentials() && !name.isBound()) {
          bind(task, UnixAddress.UNNAMED.encode());
        }
        if (join(task, listener, queue)) {
          return 0;
        }
      }
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      if (!listener.await(task, queue::hasRoomOrIsClosed, deadline, timeout)) {
        return -Errno.EAGAIN;
      }
    }
  }

  /**
   * Makes the connection unless the queue is full; a queue that is closed by now gives
   * ECONNREFUSED.
   */
  private boolean join(Task task, UnixStreamSocket listener, AcceptQueue queue) {
    if (!queue.hasRoomOrIsClosed()) {
      return false;
    }
    ownCredentials = PeerCredentials.of(task);
    UnixStreamSocket child =
        new UnixStreamSocket(listener.network(), type(), listener.options().copy());
    child.name.inherit(listener.name);
    child.ownCredentials = listener.ownCredentials;
    StreamEndpoint[] ends = join(child);
    child.connected(ends[1]);
    AcceptQueue.Offer offer = queue.offer(child);
    if (offer == AcceptQueue.Offer.QUEUED) {
      connected(ends[0]);
      listener.waiters().announce(READABLE);
      return true;
    }
    child.abandon();
    if (offer == AcceptQueue.Offer.CLOSED) {
      throw ErrnoException.of(Errno.ECONNREFUSED);
    }
    return false;
  }

  @Override
  void roomToAccept() {
    waiters().announce(WRITABLE);
    network().updatePublication(name.address());
  }

  @Override
  byte[] localName() {
    return name.address().encode();
  }

  @Override
  byte[] peerName() {
    if (transport() == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    return peerName.encode();
  }

  @Override
  PeerCredentials peerCredentials() {
    return peerCredentials;
  }

  @Override
  public boolean passesCredentials(byte[] address) {
    UnixStreamSocket other = peer;
    return options().passCredentials() || (other != null && other.options().passCredentials());
  }

  @Override
  void shutdown(int directions) {
    StreamTransport current = transport();
    if (current != null) {
      current.shutdown(directions);
    } else if (isListening()) {
      stopListening();
      network().updatePublication(name.address());
    } else {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
  }

  @Override
  long awaitConnectionToReceive(Task task, int flags) {
    return type() == SOCK_STREAM ? -Errno.EINVAL : -Errno.ENOTCONN;
  }

  @Override
  long awaitConnectionToSend(Task task, int flags) {
    return -Errno.ENOTCONN;
  }

  @Override
  int errorOfAddress() {
    if (type() != SOCK_STREAM) {
      return 0;
    }
    return transport() != null ? Errno.EISCONN : Errno.EOPNOTSUPP;
  }

  @Override
  boolean isTcp() {
    return false;
  }

  @Override
  void forgetName() {
    peer = null;
    name.release();
    network().updatePublication(name.address());
  }
}
