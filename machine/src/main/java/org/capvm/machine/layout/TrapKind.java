package org.capvm.machine.layout;

/** A trap that a translation raises on purpose, because the guest's instruction may not run. */
public enum TrapKind {
  /** Undefined or refused as undefined (#UD): SIGILL at the instruction. */
  INVALID_OPCODE,
  /** Privileged (#GP): SIGSEGV at the instruction, without an address. */
  PRIVILEGED,
  /** {@code int3} (#BP): SIGTRAP after the instruction. */
  BREAKPOINT,
  /** The pc is not executable: SIGSEGV at the pc. */
  NOT_EXECUTABLE;

  private static final TrapKind[] KINDS = values();

  /** The value kept in the context's {@link ContextLayout#TRAP_KIND} field. */
  public int code() {
    return ordinal();
  }

  /**
   * The trap with a code.
   *
   * @throws ArrayIndexOutOfBoundsException if no trap has it
   */
  public static TrapKind ofCode(int code) {
    return KINDS[code];
  }
}
