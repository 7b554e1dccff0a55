package org.capvm.libos.signal;

import static org.capvm.libos.abi.Signal.bit;

import org.capvm.libos.abi.Signal;

/** What happens for a signal that has no handler (signal(7)). */
public enum DefaultAction {
  TERMINATE,
  /** Terminate; the status says that a core would have been dumped. */
  CORE,
  IGNORE,
  STOP,
  CONTINUE;

  private static final long IGNORED =
      bit(Signal.SIGCHLD) | bit(Signal.SIGURG) | bit(Signal.SIGWINCH);
  private static final long CORED =
      bit(Signal.SIGQUIT)
          | bit(Signal.SIGILL)
          | bit(Signal.SIGTRAP)
          | bit(Signal.SIGABRT)
          | bit(Signal.SIGBUS)
          | bit(Signal.SIGFPE)
          | bit(Signal.SIGSEGV)
          | bit(Signal.SIGXCPU)
          | bit(Signal.SIGXFSZ)
          | bit(Signal.SIGSYS);

  /** Signals that stop a process. */
  static final long STOPPING =
      bit(Signal.SIGSTOP) | bit(Signal.SIGTSTP) | bit(Signal.SIGTTIN) | bit(Signal.SIGTTOU);

  /** Signals that can be neither caught, blocked nor ignored. */
  public static final long UNMASKABLE = bit(Signal.SIGKILL) | bit(Signal.SIGSTOP);

  /** The default action of a signal. */
  public static DefaultAction of(int signal) {
    long set = bit(signal);
    if ((set & IGNORED) != 0) {
      return IGNORE;
    }
    if ((set & CORED) != 0) {
      return CORE;
    }
    if ((set & STOPPING) != 0) {
      return STOP;
    }
    return signal == Signal.SIGCONT ? CONTINUE : TERMINATE;
  }
}
