package org.capvm.libos.file.watch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Something that happened: {@code struct inotify_event}.
 *
 * @param descriptor of the watch, or -1
 * @param cookie what the two halves of a rename have in common, or 0
 * @param name in the watched directory, one byte per character; null if it is the watched file
 */
record WatchEvent(int descriptor, int mask, int cookie, String name) {
  private static final int HEADER_BYTES = 16;

  /** As {@code read} returns it; names are padded with zeros. */
  byte[] bytes() {
    ByteBuffer bytes = ByteBuffer.allocate(sizeBytes()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(descriptor).putInt(mask).putInt(cookie).putInt(sizeBytes() - HEADER_BYTES);
    if (name != null) {
      bytes.put(name.getBytes(StandardCharsets.ISO_8859_1));
    }
    return bytes.array();
  }

  int sizeBytes() {
    int named = name == null ? 0 : name.length() / HEADER_BYTES + 1;
    return HEADER_BYTES * (1 + named);
  }
}
