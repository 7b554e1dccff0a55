package org.capvm.monitor.gate;

/**
 * Which guest thread ran last on a host thread, of those that take turns on it.
 *
 * <p>Most state of a guest is loaded at every entry. x87 registers are not, when nobody can have
 * changed them; that is decided here.
 *
 * <p>Threads: one object for each platform thread, used on that thread alone.
 */
final class Turns {
  private static final ThreadLocal<Turns> OF_THREAD = ThreadLocal.withInitial(Turns::new);

  /** The guest thread whose turn it was last, or null if that one is closed. */
  GuestThread last;

  private Turns() {}

  static Turns ofCurrentThread() {
    return OF_THREAD.get();
  }
}
