package org.capvm.libos.signal;

/**
 * A task's own part in signals: mask, queue, alternate stack. The task's thread alone changes the
 * mask and the stack; any thread may look and may add to the queue.
 */
public final class SignalState {
  private final PendingSignals pending;
  private volatile PendingSignals processPending;
  private volatile long mask;
  private volatile long awaited;
  private SignalStack stack = SignalStack.NONE;
  private long savedMask;
  private boolean hasSavedMask;

  /**
   * @param processPending the queue of the task's process
   * @param mask signals blocked at first
   */
  public SignalState(PendingSignals processPending, long mask) {
    this.pending = new PendingSignals(processPending.payer());
    this.processPending = processPending;
    this.mask = mask;
  }

  /** Signals sent to this task. */
  public PendingSignals pending() {
    return pending;
  }

  /** Signals blocked. */
  public long mask() {
    return mask;
  }

  /** What a new task starts with: a temporary mask is not passed on. */
  public long maskToInherit() {
    return hasSavedMask ? savedMask : mask;
  }

  /** Replaces the mask; SIGKILL and SIGSTOP stay unblocked. */
  public void setMask(long changed) {
    mask = changed & ~DefaultAction.UNMASKABLE;
  }

  /**
   * Replaces the mask until a handler has been started or the call is over ({@code sigsuspend},
   * {@code ppoll}).
   */
  public void setTemporaryMask(long temporary) {
    savedMask = mask;
    hasSavedMask = true;
    setMask(temporary);
  }

  /** Ends a temporary mask, if there is one. */
  public void restoreMask() {
    if (hasSavedMask) {
      hasSavedMask = false;
      mask = savedMask;
    }
  }

  /** The mask that a handler's return brings back: the one before a temporary mask, which ends. */
  long takeMaskForFrame() {
    if (hasSavedMask) {
      hasSavedMask = false;
      return savedMask;
    }
    return mask;
  }

  /** Signals that are blocked but waited for ({@code sigtimedwait}). */
  public void setAwaited(long set) {
    awaited = set;
  }

  /** Whether a signal sent now would end a wait of the task. */
  boolean wants(long signalBit) {
    return (signalBit & (~mask | awaited)) != 0;
  }

  /** The alternate stack. */
  public SignalStack stack() {
    return stack;
  }

  /** Replaces the alternate stack. */
  public void setStack(SignalStack changed) {
    stack = changed;
  }

  /** Whether a signal that is not blocked waits to be handled. */
  public boolean hasDeliverable() {
    return ((pending.set() | processPending.set()) & ~mask) != 0;
  }

  /** Signals sent to the task or its process, blocked ones included. */
  public long allPending() {
    return pending.set() | processPending.set();
  }

  /** Takes the next signal of a set, the task's own first; null if there is none. */
  public SignalInfo take(long wanted) {
    SignalInfo own = pending.take(wanted);
    return own != null ? own : processPending.take(wanted);
  }

  /** Takes the next signal that is not blocked. */
  SignalInfo takeDeliverable() {
    return take(~mask);
  }
}
