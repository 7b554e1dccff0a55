package org.capvm.machine.code;

import java.util.HashMap;
import java.util.Map;

/**
 * A set of guest pcs that takes room where its members are, not where they could be. Not
 * thread-safe.
 */
final class PcSet {
  private static final int BLOCK_BITS = 9;
  private static final int WORDS = (1 << BLOCK_BITS) / Long.SIZE;

  private final Map<Integer, long[]> blocks = new HashMap<>();

  boolean contains(int pc) {
    long[] block = blocks.get(pc >>> BLOCK_BITS);
    return block != null && (block[word(pc)] & 1L << pc) != 0;
  }

  void add(int pc) {
    blocks.computeIfAbsent(pc >>> BLOCK_BITS, _ -> new long[WORDS])[word(pc)] |= 1L << pc;
  }

  /** Removes a member. */
  void remove(int pc) {
    blocks.get(pc >>> BLOCK_BITS)[word(pc)] &= ~(1L << pc);
  }

  private static int word(int pc) {
    return pc >>> 6 & WORDS - 1;
  }
}
