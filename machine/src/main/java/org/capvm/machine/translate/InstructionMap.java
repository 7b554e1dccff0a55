package org.capvm.machine.translate;

import java.util.Arrays;

/**
 * What the guest is doing at each host instruction of a translation.
 *
 * <p>Entry {@code i} speaks of the host instructions from {@code offsets[i]} up to the next entry:
 * they belong to guest instruction {@code pcs[i]}, in state {@code states[i]}: 0 restartable, 1 not
 * restartable, otherwise not restartable with the fix-up of index {@code states[i] - 2}.
 */
public final class InstructionMap {
  /** The guest's state is that before the guest instruction. */
  public static final byte RESTARTABLE = 0;

  /** The guest instruction has taken part of its effect. */
  public static final byte COMMITTED = 1;

  /** The first state that stands for a fix-up. */
  public static final byte FIRST_FIXUP = 2;

  private final int[] offsets;
  private final int[] pcs;
  private final byte[] states;
  private final RegisterFixup[] fixups;

  /** Takes the arrays as they are; {@code offsets} ascends and starts at 0. */
  public InstructionMap(int[] offsets, int[] pcs, byte[] states, RegisterFixup[] fixups) {
    this.offsets = offsets;
    this.pcs = pcs;
    this.states = states;
    this.fixups = fixups;
  }

  /**
   * What the guest is doing at a host instruction, by its offset from the start of the translation.
   */
  public CodeLocation at(int offset) {
    int found = Arrays.binarySearch(offsets, offset);
    int entry = found >= 0 ? found : -found - 2;
    byte state = states[entry];
    return new CodeLocation(
        Integer.toUnsignedLong(pcs[entry]),
        state == RESTARTABLE,
        state < FIRST_FIXUP ? RegisterFixup.NONE : fixups[state - FIRST_FIXUP]);
  }
}
