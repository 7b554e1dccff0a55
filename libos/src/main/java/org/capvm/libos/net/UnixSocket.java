package org.capvm.libos.net;

/** What AF_UNIX sockets of all types have. */
sealed interface UnixSocket permits UnixStreamSocket, UnixDatagramSocket {
  /** Linux's {@code net.core.wmem_default}. */
  int DEFAULT_BYTES = 212_992;

  /** The options of a new socket. */
  static SocketOptions newOptions() {
    return new SocketOptions(DEFAULT_BYTES, DEFAULT_BYTES);
  }

  /**
   * Whether a message must carry its sender's credentials, because one of the ends wants them.
   *
   * @param address where it goes, or null for the peer
   */
  boolean passesCredentials(byte[] address);
}
