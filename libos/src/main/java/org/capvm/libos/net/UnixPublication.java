package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_UNIX;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.host.Hostcalls;

/**
 * A published AF_UNIX name: a socket file of the host, which is there until this is closed, unless
 * somebody else removes it.
 */
final class UnixPublication extends Publication {
  private final NetworkNamespace network;
  private final SocketFile file;
  private final UnixAddress guestName;

  /**
   * @param hostPath where the host gets the file
   * @param hostName the same as a socket's name
   * @param guestName the name a program in the cVM binds to, in the same spelling
   * @throws ErrnoException what {@code bind} on the host said; EADDRINUSE if there is a file
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

  /** The file of a socket that is bound, and told from others that come to its place. */
  private static final class SocketFile {
    private final Path path;
    private final UnixAddress name;

    /** What the file was like when it was made; null if it could not be seen. */
    private Identity identity;

    /** The time, too, tells files apart: an inode that was given up may be another's soon. */
    private record Identity(Object deviceAndInode, FileTime modified) {}

    SocketFile(Path path, UnixAddress name) {
      this.path = path;
      this.name = name;
    }

    int bind() {
      int socket = bound(AF_UNIX, name.encode());
      identity = found();
      return socket;
    }

    private Identity found() {
      try {
        BasicFileAttributes found =
            Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return new Identity(found.fileKey(), found.lastModifiedTime());
      } catch (IOException gone) {
        return null;
      }
    }

    /** Removes the file if it still is the socket's. */
    void remove() {
      if (identity != null && identity.equals(found())) {
        try {
          Files.deleteIfExists(path);
        } catch (IOException refused) {
          // The directory became read-only: the file stays, as that of a program would.
        }
      }
    }
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
    // Linux has no way back to a socket that is bound and does not listen. The file stays.
    Hostcalls.close(listened);
    return -1;
  }

  @Override
  int bindAgain() {
    file.remove();
    return file.bind();
  }

  @Override
  public synchronized void close() {
    super.close();
    file.remove();
  }
}
