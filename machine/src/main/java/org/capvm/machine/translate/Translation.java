package org.capvm.machine.translate;

import org.capvm.machine.isa.Decoder;

/**
 * Confined machine code for a stretch of guest code, before it has a place in the code cache. Guest
 * pcs are unsigned 32-bit values; offsets are bytes from the start of {@code code}.
 *
 * <p>The code is position-independent but for its exits to gates, which {@link #gateSites} lists.
 *
 * @param code the bytes; longer than the code is
 * @param lengthBytes how many of them are code
 * @param lowestPc the lowest guest address translated
 * @param highestPc the guest address after the highest
 * @param guestBytes bytes of guest code translated, for statistics
 * @param entries the instructions at which control may enter
 * @param branches the direct branches to guest pcs outside this translation
 * @param gateSites the direct jumps into gates
 * @param map what the guest is doing at each host instruction
 */
@SuppressWarnings(
    "ArrayRecordComponent") // owned by whoever holds the translation, and read on hot paths
public record Translation(
    byte[] code,
    int lengthBytes,
    long lowestPc,
    long highestPc,
    int guestBytes,
    Entries entries,
    Branches branches,
    GateSites gateSites,
    InstructionMap map) {
  /** Bytes from the lowest to the highest guest address of a translation, at most. */
  public static final int MAX_GUEST_BYTES = Region.MAX_BYTES + Decoder.MAX_LENGTH;

  /**
   * Guest instructions at which control may enter, by ascending guest pc: those at which nothing
   * that the code before did is taken for granted.
   *
   * @param pcs their guest pcs
   * @param offsets where their translations start
   * @param kinds what is known of each
   */
  public record Entries(int[] pcs, int[] offsets, EntryKind[] kinds) {}

  /** How control comes to an instruction. */
  public enum EntryKind {
    /** From the instruction before, as far as this translation knows. */
    IN_LINE,
    /** By a direct branch, or because the translation was made for it. */
    LABEL,
    /** By an indirect branch: control left just before and is to come back. */
    RETURN_POINT
  }

  /**
   * Direct branches whose 32-bit distance can be redirected while guests run; each starts out at
   * its stub, which leaves the guest with a miss.
   *
   * @param sites offsets of the distances, multiples of 4
   * @param targets the guest pcs that they want to reach
   * @param stubs offsets of their stubs
   */
  public record Branches(int[] sites, int[] targets, int[] stubs) {}

  /**
   * Direct jumps into gates, whose distance depends on where the code is placed.
   *
   * @param sites offsets of the 32-bit distances
   * @param gates which gate, an ordinal of {@link GateKind}
   */
  public record GateSites(int[] sites, int[] gates) {}

  /** The gates that translations jump to. */
  public enum GateKind {
    MISS,
    SYSTEM_CALL,
    TRAP,
    EMULATE;

    private static final GateKind[] KINDS = values();

    /** The kind with an ordinal, as {@link GateSites#gates} has them. */
    public static GateKind ofOrdinal(int ordinal) {
      return KINDS[ordinal];
    }
  }
}
