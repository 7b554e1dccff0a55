package org.capvm.monitor.gate;

import static org.capvm.machine.layout.ContextLayout.CALLER;
import static org.capvm.machine.layout.ContextLayout.CALL_FUNCTION;
import static org.capvm.machine.layout.ContextLayout.CALL_GS_BASE;
import static org.capvm.machine.layout.ContextLayout.CALL_RETURN;
import static org.capvm.machine.layout.ContextLayout.CALL_STACK;
import static org.capvm.machine.layout.ContextLayout.CALL_TARGET;
import static org.capvm.machine.layout.ContextLayout.CALL_TLS_BASE;
import static org.capvm.machine.layout.ContextLayout.CAPABILITIES;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.ContextLayout.SLOT_BASE;
import static org.capvm.machine.layout.ContextLayout.X87_USED;

import org.capvm.machine.host.RawMemory;

/**
 * A context that a guest thread lends to callers, with its stack and its thread pointers: while one
 * uses it, the caller's host thread runs the function there.
 *
 * <p>{@link CallCode} takes one that is free for the time of a call and gives it back. Java takes
 * one to keep it from callers, to use it for a call of its own, or to go on with a call that cannot
 * end in machine code.
 *
 * <p>Threads: any. Who may use the context is decided by its word {@code CALLER}, which changes
 * atomically; its end is guarded by this object's monitor.
 */
public final class LentContext implements ContextUser {
  /** {@code CALLER} while a call may begin. */
  static final long FREE = 0;

  /** {@code CALLER} while none may begin. */
  static final long TAKEN = 1;

  private static final int RSP = 4;

  /** Below the stack pointer functions may keep data. */
  private static final long RED_ZONE_BYTES = 128;

  private static final long STACK_ALIGNMENT = 16;

  private final ContextRegion contexts;
  private final CallTarget target;
  private final long address;
  private GuestThread lender;
  private boolean closed;

  LentContext(ContextRegion contexts, CallTarget target) {
    this.contexts = contexts;
    this.target = target;
    address = contexts.allocateLent();
    RawMemory.putLong(address + CALL_TARGET, target.hostAddress());
    contexts.enter(address, this);
  }

  long address() {
    return address;
  }

  /** The list it is on. */
  public CallTarget target() {
    return target;
  }

  boolean runsCallOf(long caller) {
    return RawMemory.getLongAcquire(address + CALLER) == caller;
  }

  /**
   * Lets callers use it.
   *
   * @param lender does not run until {@link #withdraw}
   * @param function guest address
   * @param returnTo guest address of {@link CapabilityRoutine#CP_CALL_RETURN}
   * @return false if the function has ended
   */
  public synchronized boolean lend(GuestThread lender, long function, long returnTo) {
    if (closed) {
      return false;
    }
    this.lender = lender;
    lender.begin();
    Context from = lender.context();
    RawMemory.putLong(address + SLOT_BASE, from.slotBase());
    RawMemory.putLong(address + CAPABILITIES, RawMemory.getLong(from.address() + CAPABILITIES));
    RawMemory.putLong(address + CALL_STACK, stackBelow(from.gpr(RSP)));
    RawMemory.putLong(address + CALL_FUNCTION, function & 0xFFFF_FFFFL);
    RawMemory.putLong(address + CALL_RETURN, returnTo);
    RawMemory.putLong(address + CALL_TLS_BASE, from.tlsBase());
    RawMemory.putLong(address + CALL_GS_BASE, from.gsBase());
    free();
    return true;
  }

  /** Where a function finds its return address on a stack, as the psABI (3.2.2) wants it. */
  private static long stackBelow(long stackPointer) {
    long aligned = (stackPointer - RED_ZONE_BYTES) & -STACK_ALIGNMENT;
    return aligned - Long.BYTES & 0xFFFF_FFFFL;
  }

  /** Guest address of the function. */
  public long function() {
    return RawMemory.getLong(address + CALL_FUNCTION);
  }

  /** Guest stack pointer of a function that begins. */
  public long stack() {
    return RawMemory.getLong(address + CALL_STACK);
  }

  /** Keeps callers from it, if none uses it and Java does not have it. */
  public boolean take() {
    return RawMemory.compareAndSetLong(address + CALLER, FREE, TAKEN);
  }

  /** Takes a call that runs on it over for Java, on the thread of that call. */
  void takeCall() {
    RawMemory.getAndSetLong(address + CALLER, TAKEN);
  }

  /** Java has it and gives it to callers. */
  public void free() {
    RawMemory.putByte(address + X87_USED, (byte) 0);
    RawMemory.getAndSetInt(address + KICK_PENDING, 0);
    RawMemory.getAndSetLong(address + CALLER, FREE);
  }

  /** Makes a call that runs on it go on in Java, soon; a call that Java runs is not touched. */
  public synchronized void interrupt() {
    if (lender == null) {
      return;
    }
    // The flag first: a caller that takes the context after this finds the flag, and goes the way
    // through Java; one that has it already is signalled.
    RawMemory.getAndSetInt(address + KICK_PENDING, 1);
    long caller = RawMemory.getLongAcquire(address + CALLER);
    if (caller == FREE) {
      if (take()) {
        free();
      }
    } else if (caller != TAKEN) {
      contexts.signalThreadOf(caller);
    }
  }

  /** The lender takes it back; Java has it. */
  public synchronized void withdraw() {
    if (lender != null) {
      lender.end();
      lender = null;
    }
    if (closed) {
      contexts.releaseLent(address);
    }
  }

  /** Nobody will lend it again. */
  synchronized void close() {
    closed = true;
    if (lender == null) {
      contexts.releaseLent(address);
    }
  }
}
