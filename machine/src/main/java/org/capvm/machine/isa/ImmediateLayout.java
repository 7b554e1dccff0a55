package org.capvm.machine.isa;

/** What follows ModRM, SIB and displacement in an instruction's bytes. */
enum ImmediateLayout {
  NONE,
  /** {@code ib}, {@code cb}. */
  BYTE,
  /** {@code iw}. */
  WORD,
  /** {@code id}, {@code cd}. */
  DWORD,
  /** {@code iz}: 2 or 4 bytes, as the operand size has it; 4 for an operand size of 8. */
  WORD_OR_DWORD,
  /** {@code iv}: 2, 4 or 8 bytes, as the operand size has it. */
  OPERAND_SIZE,
  /** {@code iw ib}: ENTER's frame size and nesting level. */
  WORD_AND_BYTE,
  /**
   * {@code moffs}: an address of 4 or 8 bytes, as the address size has it. It counts as
   * displacement.
   */
  ADDRESS;

  int bytes(int operandSizeBytes, int addressSizeBytes) {
    return switch (this) {
      case NONE -> 0;
      case BYTE -> 1;
      case WORD -> 2;
      case DWORD -> 4;
      case WORD_OR_DWORD -> Math.min(4, operandSizeBytes);
      case OPERAND_SIZE -> operandSizeBytes;
      case WORD_AND_BYTE -> 3;
      case ADDRESS -> addressSizeBytes;
    };
  }
}
