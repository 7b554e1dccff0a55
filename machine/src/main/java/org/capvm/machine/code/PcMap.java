package org.capvm.machine.code;

import java.util.Arrays;

/**
 * A map from guest pcs to non-negative longs, without boxing: it is asked for every branch that is
 * translated. Not thread-safe.
 */
final class PcMap {
  /** The value of a pc that is not in the map. */
  static final long ABSENT = -1;

  private static final int INITIAL_SLOTS = 64;

  private int[] keys = new int[INITIAL_SLOTS];
  private long[] values = filled(INITIAL_SLOTS);
  private int occupied;

  long get(int pc) {
    return values[slotOf(pc)];
  }

  /** Sets the value of a pc; {@link #ABSENT} removes it. */
  void put(int pc, long value) {
    int slot = slotOf(pc);
    // A removed key keeps its slot so that probes pass over it; it counts as occupied until the
    // next growth drops it.
    if (values[slot] == ABSENT && keys[slot] != pc) {
      occupied++;
    }
    keys[slot] = pc;
    values[slot] = value;
    if (occupied * 2 > keys.length) {
      grow();
    }
  }

  /** The slot of {@code pc}, or the free one where it would go. */
  private int slotOf(int pc) {
    int mask = keys.length - 1;
    int slot = ((pc * 0x9E3779B9) >>> 7) & mask;
    while (keys[slot] != pc && (values[slot] != ABSENT || keys[slot] != 0)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void grow() {
    int[] oldKeys = keys;
    long[] oldValues = values;
    keys = new int[oldKeys.length * 2];
    values = filled(keys.length);
    occupied = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldValues[i] != ABSENT) {
        put(oldKeys[i], oldValues[i]);
      }
    }
  }

  private static long[] filled(int slots) {
    long[] values = new long[slots];
    Arrays.fill(values, ABSENT);
    return values;
  }
}
