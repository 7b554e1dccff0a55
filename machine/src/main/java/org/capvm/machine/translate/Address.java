package org.capvm.machine.translate;

import org.capvm.machine.isa.Instruction;
import org.capvm.machine.layout.Gpr;

/**
 * A memory operand as it will be encoded.
 *
 * @param base a general register, or {@link Gpr#NONE}
 * @param index a general register, a vector register if the instruction says so, or {@link
 *     Gpr#NONE}
 * @param scaleLog2 the shift of the index, 0 to 3
 * @param displacement added to both
 */
record Address(int base, int index, int scaleLog2, int displacement) {
  /**
   * The address that a guest instruction names, without its segment; {@code nextPc} is the guest pc
   * of the instruction that follows.
   */
  static Address of(Instruction instruction, long nextPc) {
    int displacement = (int) instruction.displacement();
    if (instruction.base() == Gpr.RIP) {
      return absolute((int) nextPc + displacement);
    }
    return new Address(
        instruction.base(), instruction.index(), instruction.scaleLog2(), displacement);
  }

  static Address absolute(int displacement) {
    return new Address(Gpr.NONE, Gpr.NONE, 0, displacement);
  }

  static Address at(int base, int displacement) {
    return new Address(base, Gpr.NONE, 0, displacement);
  }

  /**
   * Whether this is the stack pointer plus a displacement, which needs no truncation because the
   * stack pointer holds a host address.
   */
  boolean isStackSlot(int displacementLimit) {
    return base == Gpr.RSP
        && index == Gpr.NONE
        && displacement > -displacementLimit
        && displacement < displacementLimit;
  }

  /**
   * The same address with one general register in place of another; a vector index is left alone.
   */
  Address replacing(int register, int replacement, boolean vectorIndex) {
    return new Address(
        base == register ? replacement : base,
        !vectorIndex && index == register ? replacement : index,
        scaleLog2,
        displacement);
  }
}
