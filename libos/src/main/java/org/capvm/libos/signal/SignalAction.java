package org.capvm.libos.signal;

import org.capvm.libos.abi.Signal;

/**
 * What a process does about a signal, as {@code rt_sigaction} sets it.
 *
 * @param handler guest address, {@code SIG_DFL} or {@code SIG_IGN}
 * @param flags {@code SA_} bits
 * @param restorer guest address of the code that makes the {@code rt_sigreturn} call
 * @param mask signals blocked while the handler runs
 */
public record SignalAction(long handler, long flags, long restorer, long mask) {
  /** Nothing set: the default action. */
  public static final SignalAction DEFAULT = new SignalAction(Signal.SIG_DFL, 0, 0, 0);

  /** Bytes of the kernel's {@code struct sigaction}. */
  public static final int BYTES = 32;

  /** Whether a flag is set. */
  public boolean has(long flag) {
    return (flags & flag) != 0;
  }

  /** Whether a guest function handles the signal. */
  public boolean isHandled() {
    return handler != Signal.SIG_DFL && handler != Signal.SIG_IGN;
  }
}
