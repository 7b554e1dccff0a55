package org.capvm.machine.verify;

/**
 * Why a translation unit was refused. Immutable.
 *
 * @param offset of the offending instruction, in bytes from the start of the unit
 * @param rule what it breaks
 * @param instruction the instruction's bytes and row of the table, for a person; empty if there is
 *     none at the offset
 */
public record Violation(int offset, Rule rule, String instruction) {
  @Override
  public String toString() {
    return "%s at offset 0x%x: %s".formatted(rule, offset, instruction);
  }
}
