package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_UNIX;
import static org.capvm.libos.abi.AddressFamily.AF_UNSPEC;
import static org.capvm.libos.abi.SocketType.SOCK_DGRAM;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/**
 * An AF_UNIX socket of type datagram. Reliable: a sender waits while the receiver's queue is full.
 */
final class UnixDatagramSocket extends DatagramSocket implements UnixSocket {
  private final UnixName name = new UnixName(this);
  private final WaitQueue.Listener peerHasRoom = waiters()::announce;

  // Changed under this object's monitor.
  private volatile UnixDatagramSocket peer;
  private volatile PeerCredentials peerCredentials = PeerCredentials.UNKNOWN;
  private volatile boolean closed;

  UnixDatagramSocket(NetworkNamespace network) {
    super(network, AF_UNIX, SOCK_DGRAM, 0, UnixSocket.newOptions());
  }

  /** Two sockets that send to each other. */
  static UnixDatagramSocket[] pair(Task task, NetworkNamespace network) {
    UnixDatagramSocket one = new UnixDatagramSocket(network);
    UnixDatagramSocket other = new UnixDatagramSocket(network);
    one.setPeer(other);
    other.setPeer(one);
    one.peerCredentials = PeerCredentials.of(task);
    other.peerCredentials = one.peerCredentials;
    return new UnixDatagramSocket[] {one, other};
  }

  private synchronized void setPeer(UnixDatagramSocket newPeer) {
    if (peer != null) {
      peer.room().remove(peerHasRoom);
    }
    peer = newPeer;
    if (newPeer != null) {
      newPeer.room().add(peerHasRoom);
    }
  }

  @Override
  void bind(Task task, byte[] bytes) {
    name.bind(task, bytes);
  }

  @Override
  long connect(Task task, byte[] bytes) {
    if (InternetAddress.familyOf(bytes) == AF_UNSPEC) {
      setPeer(null);
      return 0;
    }
    UnixDatagramSocket target = find(task, bytes);
    if (target.refuses(this)) {
      return -Errno.EPERM;
    }
    setPeer(target);
    return 0;
  }

  private UnixDatagramSocket find(Task task, byte[] bytes) {
    UnixAddress address = UnixAddress.parse(bytes);
    if (address.isUnnamed()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return (UnixDatagramSocket) network().unixNames().find(task, address, SOCK_DGRAM);
  }

  /** Whether this is connected to somebody else. */
  private boolean refuses(UnixDatagramSocket sender) {
    UnixDatagramSocket only = peer;
    return only != null && only != sender;
  }

  @Override
  byte[] localName() {
    return name.address().encode();
  }

  @Override
  byte[] peerName() {
    UnixDatagramSocket current = peer;
    if (current == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    return current.localName();
  }

  @Override
  PeerCredentials peerCredentials() {
    return peerCredentials;
  }

  @Override
  public boolean passesCredentials(byte[] address) {
    // Whether the receiver at an address wants them is not known before the address is looked up.
    UnixDatagramSocket current = peer;
    return options().passCredentials()
        || address != null
        || (current != null && current.options().passCredentials());
  }

  @Override
  long send(Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary) {
    long sent = -1;
    try {
      sent = trySend(task, buffer, flags, address, ancillary);
      return sent;
    } finally {
      if (sent < 0 && ancillary != null) {
        ancillary.release();
      }
    }
  }

  private long trySend(Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary) {
    UnixDatagramSocket target = address != null ? find(task, address) : peer;
    if (target == null) {
      return -Errno.ENOTCONN;
    }
    if (isShut(StreamTransport.SEND_SHUT)) {
      return -Errno.EPIPE;
    }
    if (buffer.length() > options().sendBytes() - 32) {
      return -Errno.EMSGSIZE;
    }
    long timeout = options().sendTimeoutNanos();
    long deadline = SocketOptions.deadline(timeout);
    while (true) {
      if (target.closed) {
        if (address == null) {
          setPeer(null);
        }
        return -Errno.ECONNREFUSED;
      }
      if (target.refuses(this)) {
        return -Errno.EPERM;
      }
      if (target.isShut(StreamTransport.RECEIVE_SHUT)) {
        return -Errno.EPIPE;
      }
      byte[] from = name.address().isUnnamed() ? null : name.address().encode();
      long sent = target.incoming().write(buffer, 0, ancillary, from);
      if (sent != -Errno.EAGAIN) {
        return sent == -Errno.EPIPE ? -Errno.ECONNREFUSED : sent;
      }
      if (mustNotWait(flags)) {
        return -Errno.EAGAIN;
      }
      try {
        if (!target.room().await(task, target.incoming()::isWritable, deadline)) {
          return -Errno.EAGAIN;
        }
      } catch (ErrnoException e) {
        throw interrupted(e, timeout);
      }
    }
  }

  @Override
  boolean isWritableNow() {
    UnixDatagramSocket current = peer;
    return current == null || current.incoming().isWritable();
  }

  @Override
  protected void close() {
    closed = true;
    incoming().abandon();
    setPeer(null);
    name.release();
  }
}
