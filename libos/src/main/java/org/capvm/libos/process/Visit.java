package org.capvm.libos.process;

import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;

import org.capvm.libos.LibraryOs;
import org.capvm.libos.signal.SignalState;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.channel.Invocation;
import org.capvm.monitor.gate.GuestThread;
import org.capvm.monitor.gate.LentContext;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * One run of an exported function on the thread of its caller.
 *
 * <p>For its duration the thread is a task of the callee's process: system calls, signals and
 * faults are the callee's. It runs on the stack and with the thread pointer of the task that
 * serves, which sleeps. All registers are zero but arguments, stack and thread pointer; nothing
 * comes back but the result.
 *
 * <p>Threads: the caller's, which must be a platform thread.
 */
public final class Visit {
  private static final int[] ARGUMENTS = {RDI, RSI, RDX, RCX, R8, R9};

  private final Task host;
  private final LentContext lent;
  private boolean returned;
  private long result;

  private Visit(Task host, LentContext lent) {
    this.host = host;
    this.lent = lent;
  }

  /** How the registers come to be what they are when the task begins. */
  private interface Start {
    void set(Visit visit, Task task);
  }

  /**
   * Lends a task's stack and thread pointers to callers of a function.
   *
   * @param host sleeps until the context is withdrawn
   * @param function guest address
   * @return false if the function has ended
   */
  public static boolean lend(Task host, LentContext lent, long function) {
    return lent.lend(host.guestThread(), function, returnAddress());
  }

  private static long returnAddress() {
    return Exec.VDSO_ADDRESS + Vdso.Function.CP_CALL_RETURN.offset();
  }

  /**
   * Runs a function until it returns or is cut short.
   *
   * @param host the task that serves: it sleeps, and does not end before this is over
   * @param lent what it lends; taken
   * @param words up to six arguments
   */
  public static long run(Task host, LentContext lent, long[] words, Invocation invocation) {
    return new Visit(host, lent).run((visit, task) -> visit.setUp(task, words), invocation);
  }

  /**
   * Runs the rest of a call that left machine code, as {@link #run}.
   *
   * @param lent what it ran on, on this thread
   */
  public static long goOn(Task host, LentContext lent, Invocation invocation) {
    return new Visit(host, lent)
        .run((visit, task) -> task.guestThread().takeOver(lent), invocation);
  }

  private long run(Start start, Invocation invocation) {
    Visits kept = Visits.ofThread();
    if (kept != null) {
      return run(kept, start, invocation);
    }
    try (Visits own = Visits.openForThread()) {
      return run(own, start, invocation);
    }
  }

  private long run(Visits visits, Start start, Invocation invocation) {
    Process process = host.process();
    LibraryOs libraryOs = host.libraryOs();
    GuestThread guest = visits.enter(libraryOs.intravisor(), host.addressSpace());
    try {
      Task task = newTask();
      task.attach(guest);
      guest.setFaultAnswer(context -> Faults.resolve(task, context));
      process.add(task);
      libraryOs.processes().add(task);
      try {
        start.set(this, task);
        invocation.onCancel(
            () -> {
              task.exit(ExitStatus.exited(0));
              task.interrupt();
            });
        new RunLoop(task, libraryOs.dispatcher()).run();
      } finally {
        end(task);
      }
    } finally {
      visits.leave();
    }
    if (!returned) {
      invocation.check();
      throw new CapabilityException(Reason.OWNER_GONE);
    }
    return result;
  }

  private Task newTask() {
    SignalState signals =
        new SignalState(host.process().pendingSignals(), host.signals().maskToInherit());
    Task task =
        new Task(
            host.process(),
            host.libraryOs().processes().allocateId(),
            host.name(),
            host.files().share(),
            host.fileSystem(),
            signals);
    task.setVisit(this);
    return task;
  }

  private void setUp(Task task, long[] words) {
    Registers registers = task.registers();
    try {
      task.memory().putLong(lent.stack(), returnAddress());
    } catch (GuestMemoryFault fault) {
      throw new CapabilityException(Reason.BAD_MEMORY);
    }
    registers.reset(lent.function(), lent.stack());
    for (int i = 0; i < words.length; i++) {
      registers.set(ARGUMENTS[i], words[i]);
    }
    registers.setFsBase(host.registers().fsBase());
    registers.setGsBase(host.registers().gsBase());
  }

  /** Unlike {@link TaskEnd}: the process goes on, and the thread's time is its caller's. */
  private static void end(Task task) {
    task.detach();
    task.files().leave();
    task.libraryOs().statistics().add(task.callCounts());
    task.close();
    task.libraryOs().processes().remove(task);
    task.process().remove(task);
  }

  /**
   * The function has returned.
   *
   * @return false if it has done so already
   */
  public boolean giveBack(Task task, long value) {
    if (returned) {
      return false;
    }
    returned = true;
    result = value;
    task.exit(ExitStatus.exited(0));
    return true;
  }
}
