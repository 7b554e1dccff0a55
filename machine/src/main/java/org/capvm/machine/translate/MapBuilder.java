package org.capvm.machine.translate;

import java.util.ArrayList;
import java.util.List;

/** Collects an {@link InstructionMap} as code is emitted. Not thread-safe. */
final class MapBuilder {
  private final IntList offsets = new IntList();
  private final IntList pcs = new IntList();
  private final IntList states = new IntList();
  private final List<RegisterFixup> fixups = new ArrayList<>();

  /**
   * Says what host instructions from {@code offset} on are doing; replaces what was said of the
   * same offset.
   */
  void mark(int offset, int pc, int state) {
    int last = offsets.size() - 1;
    if (last >= 0 && offsets.get(last) == offset) {
      pcs.set(last, pc);
      states.set(last, state);
    } else {
      offsets.add(offset);
      pcs.add(pc);
      states.add(state);
    }
  }

  /** The state that stands for a fix-up. */
  int stateOf(RegisterFixup fixup) {
    int known = fixups.indexOf(fixup);
    if (known < 0) {
      known = fixups.size();
      if (known > Byte.MAX_VALUE - InstructionMap.FIRST_FIXUP) {
        throw new IllegalStateException("too many different fix-ups in one translation");
      }
      fixups.add(fixup);
    }
    return InstructionMap.FIRST_FIXUP + known;
  }

  InstructionMap build() {
    byte[] narrow = new byte[states.size()];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (byte) states.get(i);
    }
    return new InstructionMap(
        offsets.toArray(), pcs.toArray(), narrow, fixups.toArray(RegisterFixup[]::new));
  }
}
