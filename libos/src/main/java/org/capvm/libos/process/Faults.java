package org.capvm.libos.process;

import org.capvm.libos.abi.Resource;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.memory.MemoryArea;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.monitor.gate.Context;
import org.capvm.monitor.gate.FaultAnswer;

/**
 * Faults and traps of guest code: resolved if the memory map explains them, otherwise signals as
 * Linux sends them.
 */
final class Faults {
  private static final int PAGE_FAULT = 14;
  private static final int INVALID_OPCODE = 6;
  private static final int GENERAL_PROTECTION = 13;
  private static final int BREAKPOINT = 3;
  private static final long ERROR_PRESENT = 1;
  private static final long ERROR_WRITE = 2;
  private static final long ERROR_USER = 4;
  private static final long ERROR_FETCH = 16;

  private Faults() {}

  /**
   * Provides memory that a fault asks for: a stack that grows, a page that may be stored to again.
   */
  static FaultAnswer.Resolution resolve(Task task, Context context) {
    if (context.faultSignal() != Signal.SIGSEGV || context.faultTrapNumber() != PAGE_FAULT) {
      return FaultAnswer.Resolution.NOT_RESOLVED;
    }
    boolean write = (context.faultError() & ERROR_WRITE) != 0;
    long stackLimit = task.limits().soft(Resource.RLIMIT_STACK);
    return task.addressSpace().resolveFault(context.faultGuestAddress(), write, stackLimit);
  }

  /** The processor faulted in guest code. */
  static void fault(Task task) {
    Context context = task.guestThread().context();
    int signal = context.faultSignal();
    long address = context.faultGuestAddress();
    int code = context.faultCode();
    if (signal == Signal.SIGSEGV && context.faultTrapNumber() == PAGE_FAULT) {
      // The slot is reserved throughout, so the host knows every address; what is mapped, the areas
      // say.
      MemoryArea area = task.addressSpace().areaAt(address);
      code = area == null ? Signal.SEGV_MAPERR : Signal.SEGV_ACCERR;
    }
    task.setLastFault(
        new FaultDetail(address, (int) context.faultTrapNumber(), context.faultError()));
    SignalDelivery.force(task, SignalInfo.fault(signal, code, address));
  }

  /** A translation stopped at an instruction that must not run. */
  static void trap(Task task) {
    Context context = task.guestThread().context();
    long pc = context.pc();
    switch (context.trapKind()) {
      case INVALID_OPCODE -> {
        task.setLastFault(new FaultDetail(0, INVALID_OPCODE, 0));
        SignalDelivery.force(task, SignalInfo.fault(Signal.SIGILL, Signal.ILL_ILLOPN, pc));
      }
      case PRIVILEGED -> {
        task.setLastFault(new FaultDetail(0, GENERAL_PROTECTION, 0));
        SignalDelivery.force(task, SignalInfo.fault(Signal.SIGSEGV, Signal.SI_KERNEL, 0));
      }
      case BREAKPOINT -> {
        task.setLastFault(new FaultDetail(0, BREAKPOINT, 0));
        SignalDelivery.force(task, SignalInfo.fromKernel(Signal.SIGTRAP));
      }
      case NOT_EXECUTABLE -> notExecutable(task);
    }
  }

  /** The guest jumped to where no code is known: memory that it may not execute, unless it is. */
  static void notExecutable(Task task) {
    long pc = task.registers().pc();
    if (!task.addressSpace().revealCode(pc)) {
      pageFault(task, pc, ERROR_FETCH);
    }
  }

  /** An instruction that the library OS carries out met memory that the guest cannot access. */
  static void noAccess(Task task, long address, boolean write) {
    pageFault(task, address, write ? ERROR_WRITE : 0);
  }

  private static void pageFault(Task task, long address, long access) {
    MemoryArea area = task.addressSpace().areaAt(address);
    int code = area == null ? Signal.SEGV_MAPERR : Signal.SEGV_ACCERR;
    long present = area == null ? 0 : ERROR_PRESENT;
    task.setLastFault(new FaultDetail(address, PAGE_FAULT, ERROR_USER | access | present));
    SignalDelivery.force(task, SignalInfo.fault(Signal.SIGSEGV, code, address));
  }
}
