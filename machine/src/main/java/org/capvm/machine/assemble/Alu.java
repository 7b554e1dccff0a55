package org.capvm.machine.assemble;

/** The eight two-operand operations that share one encoding scheme. */
public enum Alu {
  /** Addition. */
  ADD(0),
  /** Inclusive or. */
  OR(1),
  /** Addition with carry. */
  ADC(2),
  /** Subtraction with borrow. */
  SBB(3),
  /** And. */
  AND(4),
  /** Subtraction. */
  SUB(5),
  /** Exclusive or. */
  XOR(6),
  /** Comparison. */
  CMP(7);

  /** What the {@code reg} field of the ModRM byte holds in forms with an immediate. */
  final int extension;

  /** The first of the operation's opcodes. */
  final int opcode;

  Alu(int extension) {
    this.extension = extension;
    opcode = extension << 3;
  }
}
