package org.capvm.machine.assemble;

import static org.capvm.machine.layout.Gpr.NONE;
import static org.capvm.machine.layout.Gpr.RSP;

import org.capvm.machine.layout.Gpr;

/**
 * A memory operand: {@code segment:[base + index * scale + displacement]}.
 *
 * @param segment which segment's base is added
 * @param base a register number, or {@link Gpr#NONE}
 * @param index a register number other than rsp's, or {@link Gpr#NONE}
 * @param scale 1, 2, 4 or 8
 * @param displacement sign-extended to 64 bits, or with 32-bit addresses taken as it is
 * @param addressBits 64, or 32 for an effective address that the processor truncates to 32 bits
 *     before it adds the segment's base (prefix 67)
 */
public record Memory(
    Segment segment, int base, int index, int scale, int displacement, int addressBits) {

  /** The segment prefixes that still add a base in 64-bit mode. */
  public enum Segment {
    /** No prefix: base 0. */
    NONE,
    /** The C library's thread. */
    FS,
    /** The slot while a guest runs. */
    GS
  }

  /** Checks what cannot be encoded. */
  public Memory {
    if (index == RSP) {
      throw new IllegalArgumentException("rsp cannot be an index");
    }
    if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
      throw new IllegalArgumentException("scale " + scale);
    }
    if (addressBits != 32 && addressBits != 64) {
      throw new IllegalArgumentException("address of " + addressBits + " bits");
    }
  }

  /** {@code [base + displacement]}. */
  public static Memory base(int base, int displacement) {
    return new Memory(Segment.NONE, base, NONE, 1, displacement, 64);
  }

  /** {@code [base + index * scale + displacement]}. */
  public static Memory indexed(int base, int index, int scale, int displacement) {
    return new Memory(Segment.NONE, base, index, scale, displacement, 64);
  }

  /** {@code fs:[displacement]}: memory that is the host thread's own. */
  public static Memory fs(int displacement) {
    return new Memory(Segment.FS, NONE, NONE, 1, displacement, 64);
  }

  /** {@code gs:[base]} with a 32-bit effective address: guest memory. */
  public static Memory guest(int base, int displacement) {
    return new Memory(Segment.GS, base, NONE, 1, displacement, 32);
  }

  /**
   * {@code gs:[base + index * scale + displacement]} with a 32-bit effective address: guest memory.
   */
  public static Memory guest(int base, int index, int scale, int displacement) {
    return new Memory(Segment.GS, base, index, scale, displacement, 32);
  }
}
