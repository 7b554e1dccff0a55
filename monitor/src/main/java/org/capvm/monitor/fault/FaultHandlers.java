package org.capvm.monitor.fault;

import static org.capvm.machine.host.HostThread.SA_NODEFER;
import static org.capvm.machine.host.HostThread.SA_ONSTACK;
import static org.capvm.machine.host.HostThread.SA_SIGINFO;
import static org.capvm.machine.host.HostThread.SIGACTION_BYTES;
import static org.capvm.machine.host.HostThread.SIGACTION_FLAGS;
import static org.capvm.machine.host.HostThread.SIGACTION_MASK;
import static org.capvm.machine.host.HostThread.SIGSET_BYTES;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.machine.host.HostThread;

/**
 * Puts the monitor's handlers in front of the JVM's, once per process, and takes them away again.
 *
 * <p>For each fault the JVM's own {@code sigaction} is copied, mask and flags included, so that its
 * handler runs as it expects when it gets the signal from ours.
 *
 * <p>Threads: one at a time; handlers act for all threads of the process.
 */
public final class FaultHandlers {
  /** Illegal instruction. */
  public static final int SIGILL = 4;

  /** Breakpoint or single step. */
  public static final int SIGTRAP = 5;

  /** Access beyond the end of a mapped file. */
  public static final int SIGBUS = 7;

  /** Division error or unmasked floating-point exception. */
  public static final int SIGFPE = 8;

  /** Access to memory that is not there or not allowed. */
  public static final int SIGSEGV = 11;

  /**
   * The signal of a kick: a real-time signal, in the middle of the range that the C library leaves
   * to applications, away from both ends that other libraries tend to pick.
   */
  public static final int KICK_SIGNAL = 47;

  private static final int[] FAULTS = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
  private static final int SIGNALS = 32;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment[] jvmActions = new MemorySegment[SIGNALS];
  private final MemorySegment formerKickAction = arena.allocate(SIGACTION_BYTES, 8);

  /** Reads what the JVM does on faults now. */
  public FaultHandlers() {
    for (int signal : FAULTS) {
      jvmActions[signal] = arena.allocate(SIGACTION_BYTES, 8);
      HostThread.sigaction(signal, 0, jvmActions[signal].address());
    }
  }

  /** The JVM's handlers by signal number; 0 for signals that are no faults. */
  public long[] jvmHandlers() {
    long[] handlers = new long[SIGNALS];
    for (int signal : FAULTS) {
      handlers[signal] = jvmActions[signal].get(ValueLayout.JAVA_LONG, 0);
    }
    return handlers;
  }

  /**
   * Installs the handlers.
   *
   * @param faultHandler host address of {@link HandlerCode#fault}
   * @param kickHandler host address of {@link HandlerCode#kick}
   */
  public void install(long faultHandler, long kickHandler) {
    MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
    for (int signal : FAULTS) {
      action.copyFrom(jvmActions[signal]);
      action.set(ValueLayout.JAVA_LONG, 0, faultHandler);
      int flags = action.get(ValueLayout.JAVA_INT, SIGACTION_FLAGS);
      action.set(
          ValueLayout.JAVA_INT, SIGACTION_FLAGS, flags | SA_SIGINFO | SA_ONSTACK | SA_NODEFER);
      HostThread.sigaction(signal, action.address(), 0);
    }
    action.fill((byte) 0);
    action.set(ValueLayout.JAVA_LONG, 0, kickHandler);
    // Without SA_RESTART: a kick makes a blocking call of the library OS return EINTR.
    action.set(ValueLayout.JAVA_INT, SIGACTION_FLAGS, SA_SIGINFO | SA_ONSTACK);
    // Nothing interrupts the kick handler but a fault, which would be its own bug.
    action.asSlice(SIGACTION_MASK, SIGSET_BYTES).fill((byte) -1);
    for (int signal : FAULTS) {
      clear(action.asSlice(SIGACTION_MASK, SIGSET_BYTES), signal);
    }
    HostThread.sigaction(KICK_SIGNAL, action.address(), formerKickAction.address());
  }

  /** Gives the signals back to the JVM. No guest thread may be left. */
  public void uninstall() {
    for (int signal : FAULTS) {
      HostThread.sigaction(signal, jvmActions[signal].address(), 0);
    }
    HostThread.sigaction(KICK_SIGNAL, formerKickAction.address(), 0);
    arena.close();
  }

  /** Fills a {@code sigset_t} with every signal that must not arrive while a guest runs. */
  public static void fillGuestMask(MemorySegment signalSet) {
    signalSet.fill((byte) -1);
    for (int signal : FAULTS) {
      clear(signalSet, signal);
    }
    clear(signalSet, KICK_SIGNAL);
  }

  private static void clear(MemorySegment signalSet, int signal) {
    int bit = signal - 1;
    byte old = signalSet.get(ValueLayout.JAVA_BYTE, bit / 8);
    signalSet.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (old & ~(1 << bit % 8)));
  }
}
