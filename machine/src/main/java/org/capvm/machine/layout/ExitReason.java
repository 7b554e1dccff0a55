package org.capvm.machine.layout;

/** Why control left a guest. */
public enum ExitReason {
  /** No translation of the pc exists yet, or a direct branch is not linked yet. */
  MISS,
  /** A {@code syscall} instruction; the pc is that of the next instruction. */
  SYSTEM_CALL,
  /** The processor faulted in translated code; the fault record says how. */
  FAULT,
  /** Another thread asked this one to leave. */
  KICK,
  /** A translation raised a {@link TrapKind}. */
  TRAP,
  /**
   * An instruction whose effect the library OS supplies ({@code cpuid}, {@code xgetbv}); the pc is
   * its own.
   */
  EMULATE;

  private static final ExitReason[] REASONS = values();

  /** The value kept in the context's {@link ContextLayout#EXIT_REASON} field. */
  public int code() {
    return ordinal();
  }

  /**
   * The reason with a code.
   *
   * @throws ArrayIndexOutOfBoundsException if no reason has it
   */
  public static ExitReason ofCode(int code) {
    return REASONS[code];
  }
}
