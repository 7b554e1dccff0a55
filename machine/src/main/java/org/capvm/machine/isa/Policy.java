package org.capvm.machine.isa;

/** What CapVM does with an instruction of a guest; one word in each row of the table. */
public enum Policy {
  /**
   * Safe in a translation once its explicit memory operand is confined and its use of rsp is
   * rewritten.
   *
   * <p>Such an instruction touches memory only through that operand, stays in line, and does not
   * enter the kernel.
   */
  ALLOW,

  /**
   * Needs a sequence of its own: it transfers control, uses rsp or implicit memory, or shows
   * something the host must hide.
   */
  REWRITE,

  /** Never runs for a guest; reaching it raises {@link InstructionForm#refusal()}. */
  REFUSE
}
