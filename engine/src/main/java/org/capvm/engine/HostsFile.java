package org.capvm.engine;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.Location;

/**
 * A cVM's {@code /etc/hosts}, where programs find the peers of its links by name: at its own
 * loopback, as links lead from there.
 */
final class HostsFile {
  private static final String ADDRESS = "127.0.0.1";
  private static final int PIECE_BYTES = 4096;

  private HostsFile() {}

  /**
   * Puts names before what the file says already, so that they count. What is no host name is left
   * out.
   *
   * @param file a regular file of the cVM's own
   * @throws ErrnoException if it cannot be written
   */
  static void name(Caller caller, Location file, Collection<String> peers) {
    StringBuilder lines = new StringBuilder();
    peers.stream()
        .filter(peer -> peer.matches("[A-Za-z0-9][A-Za-z0-9_.-]*"))
        .forEach(peer -> lines.append(ADDRESS + "\t" + peer + "\n"));
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes(lines.toString().getBytes(StandardCharsets.US_ASCII));
    content.writeBytes(read(caller, file));
    write(caller, file, content.toByteArray());
  }

  private static byte[] read(Caller caller, Location file) {
    FileDescription open = file.inode().open(caller, file, OpenFlags.O_RDONLY);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(PIECE_BYTES);
      long count;
      do {
        count = ErrnoException.check(open.read(null, IoBuffer.host(piece)));
        content.writeBytes(piece.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
      } while (count > 0);
    } finally {
      open.release();
    }
    return content.toByteArray();
  }

  private static void write(Caller caller, Location file, byte[] content) {
    FileDescription open = file.inode().open(caller, file, OpenFlags.O_WRONLY);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, content);
      long written = ErrnoException.check(open.write(null, IoBuffer.host(bytes)));
      if (written < content.length) {
        throw ErrnoException.of(Errno.ENOSPC);
      }
    } finally {
      open.release();
    }
  }
}
