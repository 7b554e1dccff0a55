package org.capvm.libos.signal;

import static org.capvm.libos.abi.Signal.bit;

import org.capvm.libos.abi.Signal;

/** The dispositions of a process. Thread-safe. */
public final class SignalActions {
  private final SignalAction[] actions;

  private SignalActions(SignalAction[] actions) {
    this.actions = actions;
  }

  /** All default. */
  public static SignalActions defaults() {
    SignalAction[] actions = new SignalAction[Signal.SIGRTMAX + 1];
    java.util.Arrays.fill(actions, SignalAction.DEFAULT);
    return new SignalActions(actions);
  }

  /** A copy, for fork. */
  public synchronized SignalActions copy() {
    return new SignalActions(actions.clone());
  }

  /** A copy in which nothing is handled, for {@code CLONE_CLEAR_SIGHAND}. */
  public SignalActions copyWithoutHandlers() {
    SignalActions copy = copy();
    copy.resetForExec();
    return copy;
  }

  /** What exec leaves: ignored signals stay ignored, all others become default. */
  public synchronized void resetForExec() {
    for (int signal = 1; signal <= Signal.SIGRTMAX; signal++) {
      boolean ignored = actions[signal].handler() == Signal.SIG_IGN;
      actions[signal] = ignored ? new SignalAction(Signal.SIG_IGN, 0, 0, 0) : SignalAction.DEFAULT;
    }
  }

  /** The disposition of a signal. */
  public synchronized SignalAction get(int signal) {
    return actions[signal];
  }

  /** Changes a disposition and returns the old one. */
  public synchronized SignalAction set(int signal, SignalAction action) {
    SignalAction old = actions[signal];
    actions[signal] = action;
    return old;
  }

  /** The disposition for one delivery: with {@code SA_RESETHAND} it is default afterwards. */
  synchronized SignalAction take(int signal) {
    SignalAction action = actions[signal];
    if (action.isHandled() && action.has(Signal.SA_RESETHAND)) {
      actions[signal] =
          new SignalAction(Signal.SIG_DFL, action.flags(), action.restorer(), action.mask());
    }
    return action;
  }

  /** Whether a signal would have no effect if it were delivered now. */
  public synchronized boolean ignores(int signal) {
    long handler = actions[signal].handler();
    return handler == Signal.SIG_IGN
        || (handler == Signal.SIG_DFL && DefaultAction.of(signal) == DefaultAction.IGNORE);
  }

  /** The signals that are ignored, and those that are caught, for {@code /proc/PID/status}. */
  public synchronized long[] ignoredAndCaught() {
    long ignored = 0;
    long caught = 0;
    for (int signal = 1; signal <= Signal.SIGRTMAX; signal++) {
      ignored |= actions[signal].handler() == Signal.SIG_IGN ? bit(signal) : 0;
      caught |= actions[signal].isHandled() ? bit(signal) : 0;
    }
    return new long[] {ignored, caught};
  }
}
