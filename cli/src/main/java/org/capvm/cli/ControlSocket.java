package org.capvm.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.capvm.engine.DescriptorSocket;

/**
 * Where the JVM that runs a file's cVMs is reached: an AF_UNIX socket in a directory of the user's
 * alone, with a name that the file's own path determines.
 */
final class ControlSocket {
  private static final int NAME_BYTES = 8;

  /** Only one byte of the lock file takes room. */
  private static final long LONGEST_LOCK_BYTES = 1L << 40;

  private final Path file;
  private final Path socket;
  private final Path streams;
  private final Path lock;

  private ControlSocket(Path file, Path directory) throws IOException {
    this.file = file;
    String name = name(file.toRealPath());
    socket = directory.resolve(name + ".socket");
    streams = directory.resolve(name + ".streams");
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
   * Becomes the one who answers; what was left behind by one who died is replaced.
   *
   * @throws ComposeException if somebody else answers
   */
  Claim claim() throws IOException {
    while (true) {
      FileChannel channel =
          FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (channel.tryLock() == null) {
        channel.close();
        throw new ComposeException(file + ": is up already");
      }
      // Whoever had the lock may have removed the file after it was opened here. Opening it a
      // second
      // time would tell, but closing that would release the lock; so a random length tells.
      long length = new SecureRandom().nextLong(1, LONGEST_LOCK_BYTES);
      channel.truncate(0);
      channel.write(ByteBuffer.allocate(1), length - 1);
      if (length == lengthOfLock()) {
        Files.deleteIfExists(socket);
        Files.deleteIfExists(streams);
        return new Claim(channel);
      }
      channel.close();
    }
  }

  private long lengthOfLock() throws IOException {
    try {
      return Files.size(lock);
    } catch (NoSuchFileException removed) {
      return 0;
    }
  }

  /** The right to answer, for one JVM at a time. */
  final class Claim implements AutoCloseable {
    private final FileChannel locked;

    private Claim(FileChannel locked) {
      this.locked = locked;
    }

    /** Listens. */
    ServerSocketChannel listen() throws IOException {
      ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      return server.bind(UnixDomainSocketAddress.of(socket));
    }

    /** Makes the place that {@link ControlSocket#sendStreams} sends to. */
    DescriptorSocket receiveStreams() throws IOException {
      return DescriptorSocket.bind(streams);
    }

    /** Removes all files. */
    @Override
    public void close() throws IOException {
      Files.deleteIfExists(socket);
      Files.deleteIfExists(streams);
      Files.deleteIfExists(lock);
      locked.close();
    }
  }

  /**
   * Sends this process's standard streams to the one who answers.
   *
   * @return what names them in a request
   */
  long sendStreams() throws IOException, InterruptedException {
    long token = new SecureRandom().nextLong();
    DescriptorSocket.send(streams, token);
    return token;
  }

  /**
   * Prepares to wait for the end of the JVM that answers now.
   *
   * @throws ComposeException if there is none
   */
  Release release() throws IOException {
    try {
      return new Release(FileChannel.open(lock, StandardOpenOption.WRITE));
    } catch (NoSuchFileException gone) {
      throw new ComposeException(file + ": is not up");
    }
  }

  /** The end of a {@link Claim}, seen by another process. */
  static final class Release implements AutoCloseable {
    private final FileChannel claimed;

    private Release(FileChannel claimed) {
      this.claimed = claimed;
    }

    /** Waits until the file can be brought up again. */
    void await() throws IOException {
      claimed.lock();
    }

    @Override
    public void close() throws IOException {
      claimed.close();
    }
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
