package org.capvm.machine.isa;

/**
 * One operand of an {@link InstructionForm}: where the encoding has it, what it can be, and how it
 * is accessed.
 *
 * @param role where the operand is found
 * @param registerClass which registers it can be; {@link RegisterClass#NONE} if it is never a
 *     register
 * @param registerWidth the part of the register that is accessed; {@link Width#NONE} if it is never
 *     a register, except that for vector-indexed memory it is the width of the index register
 * @param memory whether it can be (for {@link Role#MODRM_RM}) or is memory
 * @param memoryWidth bytes accessed in memory; {@link Width#NONE} if it is never memory or the size
 *     varies
 * @param access read, written, both or neither (an address computed only, a hint)
 * @param fixed for {@link Role#FIXED_REGISTER} the register, for {@link Role#IMPLICIT_MEMORY} the
 *     base register, for {@link Role#CONSTANT} the value; otherwise 0
 */
public record Operand(
    Role role,
    RegisterClass registerClass,
    Width registerWidth,
    boolean memory,
    Width memoryWidth,
    Access access,
    int fixed) {

  /** Whether this is memory at the addresses that a vector register gives, as in gathers. */
  public boolean isVectorIndexed() {
    return role == Role.MODRM_RM
        && registerClass == RegisterClass.NONE
        && registerWidth != Width.NONE;
  }

  /** Where an operand is found. */
  public enum Role {
    /** ModRM.reg, with REX.R. */
    MODRM_REG,
    /** ModRM.rm: a register (with REX.B) or the memory operand, as ModRM.mod says. */
    MODRM_RM,
    /** The VEX prefix's vvvv. */
    VVVV,
    /** The low three bits of the opcode, with REX.B. */
    OPCODE_REG,
    /** {@link Instruction#immediate()}. */
    IMMEDIATE,
    /** ENTER's nesting level: {@link Instruction#secondImmediate()}. */
    SECOND_IMMEDIATE,
    /**
     * A branch target relative to the next instruction; the distance is {@link
     * Instruction#immediate()}.
     */
    RELATIVE,
    /** Memory at the absolute address that follows the opcode. */
    MOFFS,
    /** A register in bits 7 to 4 of the immediate byte. */
    IS4,
    /** A register that the opcode implies and assemblers write. */
    FIXED_REGISTER,
    /** Memory at a register that the opcode implies, as in string instructions. */
    IMPLICIT_MEMORY,
    /** A number that the opcode implies: the 1 in {@code shl eax, 1}. */
    CONSTANT
  }

  /** What the instruction does with an operand. */
  public enum Access {
    READ,
    WRITE,
    READ_WRITE,
    NONE;

    /** Whether the old value matters. */
    public boolean reads() {
      return this == READ || this == READ_WRITE;
    }

    /** Whether the value may change. */
    public boolean writes() {
      return this == WRITE || this == READ_WRITE;
    }
  }
}
