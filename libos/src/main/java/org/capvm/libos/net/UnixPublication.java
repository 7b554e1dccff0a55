package org.capvm.libos.net;

import java.nio.file.Path;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;

/**
 * A published AF_UNIX name: a socket file of the host, which is there until this is closed, unless
 * somebody else removes it.
 */
final class UnixPublication extends Publication {
  private final NetworkNamespace network;
  private final SocketFile file;
  private final UnixAddress guestName;

  /** The socket that listened last, if none does now: the file is seen to be in use by it. */
  private int spent = -1;

  /**
   * @param hostPath where the host gets the file
   * @param hostName the same as a socket's name
   * @param guestName the name a program in the cVM binds to, in the same spelling
   * @throws ErrnoException what {@code bind} on the host said; EADDRINUSE if there is a file,
   *     unless it was left by a socket that is no more
   */
  UnixPublication(
      NetworkNamespace network, Path hostPath, UnixAddress hostName, UnixAddress guestName) {
    this(network, new SocketFile(hostPath, hostName), guestName);
  }

  private UnixPublication(NetworkNamespace network, SocketFile file, UnixAddress guestName) {
    super(network, file.bind());
    this.network = network;
    this.file = file;
    this.guestName = guestName;
  }

  UnixAddress guestName() {
    return guestName;
  }

  @Override
  StreamSocket listener() {
    SocketDescription bound = network.unixNames().listener(guestName, SocketType.SOCK_STREAM);
    return bound instanceof UnixStreamSocket stream
            && stream.type() == SocketType.SOCK_STREAM
            && stream.isListening()
        ? stream
        : null;
  }

  @Override
  void admit(StreamSocket listener, int connection) {
    ((UnixStreamSocket) listener).admit(connection);
  }

  @Override
  int refuse(int listened) {
    // Linux has no way back to a socket that is bound and does not listen.
    HostSockets.shutdown(listened, SocketType.SHUT_RDWR);
    int waiting = (int) HostSockets.accept(listened);
    while (waiting >= 0) {
      Hostcalls.close(waiting);
      waiting = (int) HostSockets.accept(listened);
    }
    spent = listened;
    return -1;
  }

  @Override
  int bindAgain() {
    file.remove();
    closeSpent();
    return file.bind();
  }

  private void closeSpent() {
    if (spent >= 0) {
      Hostcalls.close(spent);
      spent = -1;
    }
  }

  @Override
  public synchronized void close() {
    super.close();
    file.remove();
    closeSpent();
  }
}
