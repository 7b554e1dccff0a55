package org.capvm.machine.isa;

/** The processor exception that a refused instruction raises, with the signal Linux makes of it. */
public enum Refusal {
  /** The instruction is not refused. */
  NONE,

  /** {@code #UD}, which Linux delivers as SIGILL. */
  INVALID_OPCODE,

  /** {@code #GP}, which Linux delivers as SIGSEGV without an address. */
  GENERAL_PROTECTION,

  /** {@code #BP} or {@code #DB}, which Linux delivers as SIGTRAP. */
  BREAKPOINT
}
