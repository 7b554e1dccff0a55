package org.capvm.monitor.gate;

import static org.capvm.machine.host.HostThread.SIGSET_BYTES;
import static org.capvm.machine.host.HostThread.SIG_BLOCK;
import static org.capvm.machine.host.HostThread.SIG_SETMASK;
import static org.capvm.machine.host.HostThread.STACK_BYTES;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.machine.host.HostThread;
import org.capvm.monitor.fault.FaultHandlers;

/**
 * What a guest thread changes of its host thread's signal state, and how it was before.
 *
 * <p>Invariant while it is in force: no handler but the monitor's runs on the thread while its
 * registers are a guest's, because all signals are blocked but faults and kicks; and handlers run
 * on a stack of the host's.
 *
 * <p>Threads: made and restored on the thread that it is about.
 */
final class HostSignalState {
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment formerMask = arena.allocate(SIGSET_BYTES, 8);
  private final MemorySegment formerStack = arena.allocate(STACK_BYTES, 8);
  private final SignalStacks stacks;
  private final long stack;

  /** Changes the calling thread's state. */
  HostSignalState(SignalStacks stacks) {
    this.stacks = stacks;
    stack = stacks.allocate();
    MemorySegment description = arena.allocate(STACK_BYTES, 8);
    description.set(ValueLayout.JAVA_LONG, 0, stack);
    description.set(ValueLayout.JAVA_LONG, 16, SignalStacks.STACK_BYTES);
    HostThread.sigaltstack(description.address(), formerStack.address());
    MemorySegment mask = arena.allocate(SIGSET_BYTES, 8);
    FaultHandlers.fillGuestMask(mask);
    HostThread.pthreadSigmask(SIG_BLOCK, mask.address(), formerMask.address());
  }

  /** Undoes the change. */
  void restore() {
    HostThread.pthreadSigmask(SIG_SETMASK, formerMask.address(), 0);
    HostThread.sigaltstack(formerStack.address(), 0);
    stacks.release(stack);
    arena.close();
  }
}
