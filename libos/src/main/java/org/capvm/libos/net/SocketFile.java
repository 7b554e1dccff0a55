package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_UNIX;
import static org.capvm.libos.abi.SocketType.SOCK_STREAM;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;

/**
 * The file of a socket of the host that is bound, and told from others that come to its place. A
 * file that a process left when it was killed is replaced: one of a socket that is no more.
 */
final class SocketFile {
  /** One line for each AF_UNIX socket; the name is behind seven other fields. */
  private static final Path ALL_SOCKETS = Path.of("/proc/net/unix");

  private static final int NAME_FIELD = 7;

  private final Path path;
  private final UnixAddress name;

  /** What the file was like when it was made; null if it could not be seen. */
  private Identity identity;

  /** The time, too, tells files apart: an inode that was given up may be another's soon. */
  private record Identity(Object deviceAndInode, FileTime modified) {}

  /**
   * @param path absolute
   * @param name the same as a socket's name
   */
  SocketFile(Path path, UnixAddress name) {
    this.path = path;
    this.name = name;
  }

  /**
   * Makes the file with a new socket.
   *
   * @return the socket, which is the caller's
   * @throws ErrnoException what {@code bind} said; EADDRINUSE if there is a file, unless it was
   *     left by a socket that is no more
   */
  int bind() {
    int socket;
    try {
      socket = Publication.bound(AF_UNIX, name.encode());
    } catch (ErrnoException e) {
      if (e.errno() != Errno.EADDRINUSE || !removeAbandoned()) {
        throw e;
      }
      socket = Publication.bound(AF_UNIX, name.encode());
    }
    identity = identityOf(path);
    return socket;
  }

  private static Identity identityOf(Path file) {
    try {
      BasicFileAttributes found =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return new Identity(found.fileKey(), found.lastModifiedTime());
    } catch (IOException gone) {
      return null;
    }
  }

  /** Removes the file if it still is the socket's. */
  void remove() {
    if (identity != null && identity.equals(identityOf(path))) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException refused) {
        // The directory became read-only: the file stays, as that of a program would.
      }
    }
  }

  /**
   * Removes what is there if it is a socket's file and nobody is bound to it: nobody will be any
   * more, because binding makes a new file. It goes aside first, since somebody else may do the
   * same, and have a socket of his own in its place by now: that is put back.
   *
   * @return whether there is room now
   */
  private boolean removeAbandoned() {
    Identity abandoned = identityOf(path);
    if (abandoned == null || !isSocket() || isAnswered() || isBound(abandoned)) {
      return false;
    }
    String unique = ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
    Path aside = path.resolveSibling(path.getFileName() + "." + unique);
    try {
      Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE);
      boolean same = abandoned.equals(identityOf(aside));
      if (!same) {
        Files.createLink(path, aside);
      }
      Files.delete(aside);
      return same;
    } catch (IOException refused) {
      return false;
    }
  }

  private boolean isSocket() {
    try {
      int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return (mode & FileMode.S_IFMT) == FileMode.S_IFSOCK;
    } catch (IOException gone) {
      return false;
    }
  }

  /** Whether connecting says anything but that nobody listens. */
  private boolean isAnswered() {
    int probe = (int) ErrnoException.check(HostSockets.socket(AF_UNIX, SOCK_STREAM));
    try {
      return HostSockets.connect(probe, name.encode()) != -Errno.ECONNREFUSED;
    } finally {
      Hostcalls.close(probe);
    }
  }

  /**
   * Whether a socket that does not listen has the file, as one of another JVM's does until its
   * program listens. Sockets of other network namespaces are not seen.
   */
  private static boolean isBound(Identity file) {
    Charset ofPaths = Charset.forName(System.getProperty("sun.jnu.encoding"));
    try {
      for (String line : Files.readAllLines(ALL_SOCKETS, StandardCharsets.ISO_8859_1)) {
        String[] fields = line.split(" +", NAME_FIELD + 1);
        if (fields.length > NAME_FIELD && fields[NAME_FIELD].startsWith("/")) {
          byte[] bytes = fields[NAME_FIELD].getBytes(StandardCharsets.ISO_8859_1);
          if (file.equals(identityOf(Path.of(new String(bytes, ofPaths))))) {
            return true;
          }
        }
      }
      return false;
    } catch (IOException | InvalidPathException unknown) {
      return true;
    }
  }
}
