package org.capvm.libos.signal;

import org.capvm.libos.abi.Signal;

/**
 * An alternate signal stack, as {@code sigaltstack} sets it.
 *
 * @param base lowest guest address
 * @param flags {@code SS_DISABLE}, {@code SS_AUTODISARM}
 * @param size in bytes
 */
public record SignalStack(long base, int flags, long size) {
  /** No alternate stack. */
  public static final SignalStack NONE = new SignalStack(0, Signal.SS_DISABLE, 0);

  /** Whether there is one. */
  public boolean isEnabled() {
    return (flags & Signal.SS_DISABLE) == 0;
  }

  /**
   * Whether a stack pointer lies on it; Linux's rule, the base itself excluded and the end
   * included.
   */
  public boolean contains(long stackPointer) {
    return isEnabled() && stackPointer > base && stackPointer - base <= size;
  }
}
