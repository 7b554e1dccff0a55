package org.capvm.machine.assemble;

/** The shifts and rotations. */
public enum Shift {
  /** Rotate left. */
  ROL(0),
  /** Rotate right. */
  ROR(1),
  /** Shift left. */
  SHL(4),
  /** Shift right, zeros in. */
  SHR(5),
  /** Shift right, copies of the sign in. */
  SAR(7);

  /** What the {@code reg} field of the ModRM byte holds. */
  final int extension;

  Shift(int extension) {
    this.extension = extension;
  }
}
