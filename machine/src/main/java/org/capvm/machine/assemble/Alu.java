package org.capvm.machine.assemble;

/** The eight two-operand operations that share one encoding scheme; the order is the encoding's. */
public enum Alu {
  /** Addition. */
  ADD,
  /** Inclusive or. */
  OR,
  /** Addition with carry. */
  ADC,
  /** Subtraction with borrow. */
  SBB,
  /** And. */
  AND,
  /** Subtraction. */
  SUB,
  /** Exclusive or. */
  XOR,
  /** Comparison. */
  CMP
}
