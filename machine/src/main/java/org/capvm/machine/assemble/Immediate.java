package org.capvm.machine.assemble;

/**
 * A constant operand, as its own type so that it cannot be mistaken for a register's number.
 *
 * @param value the constant; wider operations sign-extend it
 */
public record Immediate(int value) {

  /** A constant operand. */
  public static Immediate imm(int value) {
    return new Immediate(value);
  }
}
