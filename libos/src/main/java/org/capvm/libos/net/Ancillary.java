package org.capvm.libos.net;

import java.util.List;
import org.capvm.libos.file.FileDescription;

/**
 * What a message carries besides its bytes. Holds a reference to each open file until a receiver
 * takes them or {@link #release} drops them.
 *
 * @param files the open files of SCM_RIGHTS
 * @param credentials who sent it, for AF_UNIX
 * @param packet what a datagram's packet was like, or null
 */
record Ancillary(List<FileDescription> files, PeerCredentials credentials, PacketDetails packet) {
  private static final int OBJECT_BYTES = 128;
  private static final int FILE_BYTES = 512;

  /** What its sender is charged with until it is received: files may be open nowhere else. */
  long memoryBytes() {
    return OBJECT_BYTES + (long) files.size() * FILE_BYTES;
  }

  /** A message without files. */
  static Ancillary from(PeerCredentials credentials) {
    return new Ancillary(List.of(), credentials, null);
  }

  /** What comes with a datagram. */
  static Ancillary of(PacketDetails packet) {
    return new Ancillary(List.of(), PeerCredentials.UNKNOWN, packet);
  }

  /** Whether open files travel with the message. */
  boolean hasFiles() {
    return !files.isEmpty();
  }

  /** One more holder. */
  Ancillary retain() {
    files.forEach(FileDescription::retain);
    return this;
  }

  /** Drops the open files. */
  void release() {
    files.forEach(FileDescription::release);
  }
}
