package org.capvm.machine.mutation;

/**
 * Ends what a broken class would never end: every branch of it burns some.
 *
 * <p>Threads: mutants run on one.
 */
public final class Fuel {
  private static final long TANK = 3_000_000;
  private static long left;

  private Fuel() {}

  /** Fills the tank. */
  public static void refill() {
    left = TANK;
  }

  /** Called before every branch. */
  public static void burn() {
    if (--left < 0) {
      throw new IllegalStateException("an endless loop");
    }
  }
}
