package org.capvm.machine.translate;

import java.util.Arrays;

/** Machine code that grows as it is emitted. Not thread-safe. */
final class CodeBuffer {
  private byte[] bytes = new byte[4096];
  private int position;

  int position() {
    return position;
  }

  void put(int value) {
    if (position == bytes.length) {
      bytes = Arrays.copyOf(bytes, bytes.length * 2);
    }
    bytes[position++] = (byte) value;
  }

  void put(int first, int second) {
    put(first);
    put(second);
  }

  void put(int first, int second, int third) {
    put(first);
    put(second);
    put(third);
  }

  void put(int first, int second, int third, int fourth) {
    put(first, second);
    put(third, fourth);
  }

  void putInt(int value) {
    put(value, value >> 8, value >> 16, value >> 24);
  }

  void put(byte[] source, int from, int to) {
    int length = to - from;
    while (position + length > bytes.length) {
      bytes = Arrays.copyOf(bytes, bytes.length * 2);
    }
    System.arraycopy(source, from, bytes, position, length);
    position += length;
  }

  /** Replaces one byte emitted before. */
  void patch(int at, int value) {
    bytes[at] = (byte) value;
  }

  /** Replaces four bytes emitted before. */
  void patchInt(int at, int value) {
    for (int i = 0; i < 4; i++) {
      bytes[at + i] = (byte) (value >> (8 * i));
    }
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, position);
  }
}
