package org.capvm.libos.process;

import java.util.EnumSet;
import java.util.Set;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.signal.SignalStack;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.gate.CapabilityRoutine;
import org.capvm.monitor.gate.VdsoFunction;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * Replaces a process's program. From here on there is no way back: what fails now ends the process,
 * as on Linux.
 */
final class Exec {
  private static final int RANDOM_BYTES = 16;
  static final long VDSO_ADDRESS = AddressLayout.CODE_END - 2 * AddressLayout.PAGE;

  private Exec() {}

  /**
   * Loads a program into the task's process, whose only task it is by now, and closes the plan. On
   * the task's thread; the address space holds nothing that is still needed.
   */
  static void execute(Task task, ProgramPlan plan) {
    Process process = task.process();
    try (plan) {
      TaskEnd.releaseMemory(task);
      AddressSpace space = emptySpace(task);
      Program.Layout layout =
          ProgramLoader.load(
              space,
              plan,
              task.credentials(),
              task.limits().soft(Resource.RLIMIT_STACK),
              LibraryOs.randomBytes(RANDOM_BYTES),
              CpuModel.host().hardwareCapabilities(),
              VDSO_ADDRESS);
      useNativeRoutines(task.libraryOs(), space);
      task.registers().reset(layout.entry(), layout.stackPointer());
      Program program = plan.program(layout);
      process.setProgram(program);
      task.setName(program.commandName());
      forgetOldProgram(task);
    } catch (ErrnoException | GuestMemoryFault e) {
      process.exitGroup(ExitStatus.killed(Signal.SIGSEGV, false));
    }
  }

  /** The task's own address space, emptied; a new one if it is shared with another process. */
  private static AddressSpace emptySpace(Task task) {
    AddressSpace old = task.addressSpace();
    if (!old.isShared()) {
      // What the old program had published of its memory is not the new one's to show.
      old.slot().endSharing();
      old.clear();
      return old;
    }
    AddressSpace fresh = old.another();
    task.process().setAddressSpace(fresh);
    task.moveTo(fresh);
    old.release();
    task.process().releaseParentsMemory();
    return fresh;
  }

  private static void forgetOldProgram(Task task) {
    Process process = task.process();
    process.signalActions().resetForExec();
    process.timers().clearPosixTimers();
    task.signals().setStack(SignalStack.NONE);
    task.setRobustList(0);
    task.setClearChildTid(0);
    task.setLastFault(FaultDetail.NONE);
    task.unshareFiles();
    task.files().closeOnExec();
    task.process().setKeepsCapabilities(false);
  }

  /** The monitor's routines serve where the vDSO's own code would make a system call. */
  private static void useNativeRoutines(LibraryOs libraryOs, AddressSpace space) {
    Intravisor intravisor = libraryOs.intravisor();
    Set<VdsoFunction> functions = EnumSet.allOf(VdsoFunction.class);
    if (!libraryOs.processorRoom().hasNumbersOfHost()) {
      functions.remove(VdsoFunction.GETCPU);
    }
    for (VdsoFunction function : functions) {
      intravisor
          .vdso(function)
          .ifPresent(routine -> preset(space, Vdso.Function.valueOf(function.name()), routine));
    }
    for (CapabilityRoutine routine : CapabilityRoutine.values()) {
      preset(space, Vdso.Function.valueOf(routine.name()), intravisor.capabilityRoutine(routine));
    }
  }

  private static void preset(AddressSpace space, Vdso.Function function, long hostAddress) {
    space.codeSpace().preset(VDSO_ADDRESS + function.offset(), hostAddress);
  }
}
