package org.capvm.engine;

import java.nio.file.Path;

/**
 * An AF_UNIX stream socket of a cVM that can be connected to from the host, at a socket file that
 * the host gets for as long as the cVM runs. Bytes pass, and nothing else: open files cannot be
 * sent either way, and the program in the cVM does not learn who connects. Who may connect, the
 * file's mode says, which is what the JVM's umask leaves.
 *
 * @param host the file, which becomes absolute; a file that is there already must be that of a
 *     socket that is no more, which a process leaves when it is killed
 * @param guestName what a program in the cVM binds to, in the same spelling: an absolute path, or
 *     an abstract name with {@code @} in front. A path must not lead to the host's file itself
 */
public record SocketMapping(Path host, String guestName) implements Publication {
  /** What fits into a {@code sockaddr_un} with its closing NUL. */
  private static final int LONGEST_PATH = 107;

  /** Checks the names. */
  public SocketMapping {
    host = host.toAbsolutePath().normalize();
    if (GuestTree.bytes(host.toString()).length() > LONGEST_PATH) {
      throw new IllegalArgumentException(
          "a socket's path has at most " + LONGEST_PATH + " bytes: " + host);
    }
    Link.Unix.requireName(guestName);
  }
}
