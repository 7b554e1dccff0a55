package org.capvm.libos.net;

/** What a receive call learns besides the bytes. Used by one thread, for one call. */
final class Received {
  private byte[] source;
  private Ancillary ancillary;
  private int flags;
  private long messageBytes = -1;

  /** The sender's socket address, or null if there is none to tell. */
  byte[] source() {
    return source;
  }

  void setSource(byte[] address) {
    source = address;
  }

  /** What came with the bytes, or null; its references are the caller's. */
  Ancillary ancillary() {
    return ancillary;
  }

  void setAncillary(Ancillary received) {
    ancillary = received;
  }

  /** {@code MSG_} flags for the caller. */
  int flags() {
    return flags;
  }

  void addFlags(int more) {
    flags |= more;
  }

  /** The length of the whole message, of which the buffer may hold less; -1 for streams. */
  long messageBytes() {
    return messageBytes;
  }

  void setMessageBytes(long bytes) {
    messageBytes = bytes;
  }
}
