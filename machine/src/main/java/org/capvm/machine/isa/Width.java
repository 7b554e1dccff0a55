package org.capvm.machine.isa;

/** The size of an operand: fixed, or given by the instruction's operand size or vector length. */
public enum Width {
  /**
   * Not stated: the operand has no such part, or its size depends on processor state (for example
   * {@code xsave}).
   */
  NONE(0, 0),
  BYTES_1(1, 0),
  BYTES_2(2, 0),
  BYTES_4(4, 0),
  BYTES_8(8, 0),
  /** x87 extended precision, packed decimal, and descriptor-table registers. */
  BYTES_10(10, 0),
  BYTES_16(16, 0),
  BYTES_32(32, 0),
  BYTES_64(64, 0),
  BYTES_512(512, 0),
  /** 2, 4 or 8 bytes: the manual's {@code v}. */
  OPERAND_SIZE(0, 0),
  /** 4 bytes, or 8 with REX.W or VEX.W: the manual's {@code y}. */
  OPERAND_SIZE_4_OR_8(0, 0),
  /** 2 or 4 bytes, never 8: the manual's {@code z}. */
  OPERAND_SIZE_2_OR_4(0, 0),
  /** 16 or 32 bytes: the whole vector. */
  VECTOR(0, 1),
  VECTOR_HALF(0, 2),
  VECTOR_QUARTER(0, 4),
  VECTOR_EIGHTH(0, 8);

  private final int fixedBytes;
  private final int vectorDivisor;

  Width(int fixedBytes, int vectorDivisor) {
    this.fixedBytes = fixedBytes;
    this.vectorDivisor = vectorDivisor;
  }

  /** The size in bytes of an operand of this width in {@code instruction}; 0 for {@link #NONE}. */
  public int bytes(Instruction instruction) {
    if (vectorDivisor != 0) {
      return instruction.vectorLengthBytes() / vectorDivisor;
    }
    return switch (this) {
      case OPERAND_SIZE -> instruction.operandSizeBytes();
      case OPERAND_SIZE_4_OR_8 -> Math.max(4, instruction.operandSizeBytes());
      case OPERAND_SIZE_2_OR_4 -> Math.min(4, instruction.operandSizeBytes());
      default -> fixedBytes;
    };
  }
}
