package org.capvm.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Where the JVM that runs a file's cVMs is reached: an AF_UNIX socket in a directory of the user's
 * alone, with a name that the file's own path determines.
 */
final class ControlSocket {
  private static final int NAME_BYTES = 8;

  private final Path file;
  private final Path socket;
  private final Path lock;

  private ControlSocket(Path file, Path directory) throws IOException {
    this.file = file;
    String name = name(file.toRealPath());
    socket = directory.resolve(name + ".socket");
    lock = directory.resolve(name + ".lock");
  }

  /**
   * Of a file for {@code cvm up}.
   *
   * @throws ComposeException if the directory is not the user's alone
   */
  static ControlSocket of(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new ComposeException(file + ": cannot be read");
    }
    return new ControlSocket(file, directory());
  }

  private static Path directory() throws IOException {
    String runtime = System.getenv("XDG_RUNTIME_DIR");
    int user = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    Path directory =
        runtime == null || runtime.isEmpty()
            ? Path.of("/tmp/capvm-" + user)
            : Path.of(runtime, "capvm");
    try {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      int owner = (Integer) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
      int mode = (Integer) Files.getAttribute(directory, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      if (owner != user
          || (mode & 0777) != 0700
          || !Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
        throw new ComposeException(
            directory + ": must be a directory of this user's alone (mode 0700)");
      }
    }
    return directory;
  }

  private static String name(Path file) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(file.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, NAME_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Becomes the one who answers; a socket left behind by one who died is replaced.
   *
   * @return the file's lock, held until the JVM ends
   * @throws ComposeException if somebody else answers
   */
  FileLock claim() throws IOException {
    FileChannel channel =
        FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock held = channel.tryLock();
    if (held == null) {
      channel.close();
      throw new ComposeException(file + ": is up already");
    }
    Files.deleteIfExists(socket);
    return held;
  }

  /** Listens; whoever claimed it does. */
  ServerSocketChannel listen() throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    return server.bind(UnixDomainSocketAddress.of(socket));
  }

  /** Removes the socket. */
  void remove() throws IOException {
    Files.deleteIfExists(socket);
  }

  /**
   * Connects.
   *
   * @throws ComposeException if nobody answers
   */
  SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return channel;
    } catch (IOException refused) {
      channel.close();
      throw new ComposeException(file + ": is not up");
    }
  }

  /** Whether somebody answers. */
  boolean answers() throws IOException {
    try (SocketChannel channel = connect()) {
      return channel.isConnected();
    } catch (ComposeException notUp) {
      return false;
    }
  }
}
