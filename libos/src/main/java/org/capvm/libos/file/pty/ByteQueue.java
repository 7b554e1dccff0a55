package org.capvm.libos.file.pty;

/** Bytes on their way, in a ring that grows as it must. Not thread-safe. */
final class ByteQueue {
  private byte[] ring = new byte[64];
  private int first;
  private int size;

  int size() {
    return size;
  }

  void add(int value) {
    if (size == ring.length) {
      byte[] grown = new byte[2 * ring.length];
      int held = copy(grown, 0, size);
      ring = grown;
      first = 0;
      size = held;
    }
    ring[(first + size++) % ring.length] = (byte) value;
  }

  /** The oldest byte, 0 to 255; there is one. */
  int peek() {
    return ring[first] & 0xff;
  }

  /** Forgets the oldest byte; there is one. */
  void drop() {
    first = (first + 1) % ring.length;
    size--;
  }

  /** Forgets the newest bytes, all but so many. */
  void truncate(int kept) {
    size = Math.min(size, kept);
  }

  /** Moves the newest bytes, all but so many, to the end of another queue. */
  void moveBeyond(int kept, ByteQueue target) {
    for (int at = kept; at < size; at++) {
      target.add(ring[(first + at) % ring.length]);
    }
    truncate(kept);
  }

  void clear() {
    size = 0;
  }

  /** Takes the oldest bytes; returns how many. */
  int take(byte[] into, int offset, int limit) {
    int count = copy(into, offset, limit);
    first = (first + count) % ring.length;
    size -= count;
    return count;
  }

  private int copy(byte[] into, int offset, int limit) {
    int count = Math.min(limit, size);
    for (int i = 0; i < count; i++) {
      into[offset + i] = ring[(first + i) % ring.length];
    }
    return count;
  }
}
