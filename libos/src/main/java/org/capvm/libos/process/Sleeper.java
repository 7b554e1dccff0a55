package org.capvm.libos.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.function.BooleanSupplier;
import org.capvm.libos.host.Hostcalls;

/**
 * Where a platform thread sleeps until it is woken: a word of native memory for the host's futex
 * calls. A wake-up costs what it costs the host; {@code LockSupport} takes a mutex and a condition
 * variable besides.
 *
 * <p>Threads: one object for each platform thread, which alone sleeps; any may wake it. A thread
 * says that it sleeps, then looks whether it should; whoever wakes it has changed what it looks at,
 * then takes the word back: one of them sees the other.
 */
final class Sleeper {
  private static final ThreadLocal<Sleeper> OF_THREAD = ThreadLocal.withInitial(Sleeper::new);

  private static final VarHandle WORD = JAVA_INT.varHandle();
  private static final int AWAKE = 0;
  private static final int ASLEEP = 1;

  /** The word, and a {@code timespec}. */
  private static final long BYTES = 24;

  private static final long TIMESPEC = 8;
  private static final long SECOND = 1_000_000_000L;

  private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 64);

  private Sleeper() {}

  static Sleeper ofThread() {
    return OF_THREAD.get();
  }

  /**
   * Sleeps until {@link #wake}, a deadline or for no reason at all.
   *
   * @param woken whether there is nothing to wait for any more
   * @param deadlineNanos in terms of {@link System#nanoTime}, or {@link Task#NEVER}
   */
  void sleep(BooleanSupplier woken, long deadlineNanos) {
    WORD.setVolatile(memory, 0L, ASLEEP);
    if (!woken.getAsBoolean()) {
      long timeout = 0;
      if (deadlineNanos != Task.NEVER) {
        // System.nanoTime is CLOCK_MONOTONIC, which the call means too.
        memory.set(JAVA_LONG, TIMESPEC, Math.floorDiv(deadlineNanos, SECOND));
        memory.set(JAVA_LONG, TIMESPEC + 8, Math.floorMod(deadlineNanos, SECOND));
        timeout = memory.address() + TIMESPEC;
      }
      Hostcalls.futexWait(memory.address(), ASLEEP, timeout);
    }
    WORD.setVolatile(memory, 0L, AWAKE);
  }

  /** Whether the thread sleeps, or is about to. */
  boolean isAsleep() {
    return (int) WORD.getOpaque(memory, 0L) == ASLEEP;
  }

  /** Ends the thread's sleep, if it sleeps. */
  void wake() {
    if ((int) WORD.getAndSet(memory, 0L, AWAKE) == ASLEEP) {
      Hostcalls.futexWake(memory.address());
    }
  }
}
