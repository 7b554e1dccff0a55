package org.capvm.machine.host;

import static org.capvm.machine.layout.ContextLayout.LOADED_GS;
import static org.capvm.machine.layout.Gpr.R10;
import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RSI;

import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Memory;

/**
 * How code outside guests sets the bases of FS and GS. They are a thread's, and the kernel has to
 * know of a change, or loses it when it takes the thread off a processor.
 */
public enum SegmentBases {
  /** By the instructions of FSGSBASE, where the kernel offers them: Linux 5.9 and later. */
  BY_INSTRUCTION,

  /** By arch_prctl(2), everywhere: each change is a system call. */
  BY_SYSTEM_CALL;

  private static final int ARCH_PRCTL = 158;
  private static final int ARCH_SET_GS = 0x1001;
  private static final int ARCH_SET_FS = 0x1002;

  /** The faster of those that this host has. */
  public static SegmentBases ofHost() {
    boolean offered =
        (HostPlatform.getauxval(HostPlatform.AT_HWCAP2) & HostPlatform.HWCAP2_FSGSBASE) != 0;
    return offered ? BY_INSTRUCTION : BY_SYSTEM_CALL;
  }

  /** Sets FS base to a register's value. Destroys rcx and r8 to r11. */
  public void setFs(Assembler a, int value) {
    if (this == BY_INSTRUCTION) {
      a.wrfsbase(value);
    } else {
      archPrctl(a, ARCH_SET_FS, value);
    }
  }

  /** Sets GS base to a register's value for the context at rdi. Destroys rcx and r8 to r11. */
  public void setGs(Assembler a, int value) {
    if (this == BY_INSTRUCTION) {
      a.wrgsbase(value);
    } else {
      archPrctl(a, ARCH_SET_GS, value);
      a.mov64(Memory.base(RDI, LOADED_GS), value);
    }
  }

  /** Reads the GS base that the context at rdi finds, or 0 if it is not known. */
  public void readGs(Assembler a, int register) {
    if (this == BY_INSTRUCTION) {
      a.rdgsbase(register);
    } else {
      a.mov64(register, Memory.base(RDI, LOADED_GS));
    }
  }

  /** The call cannot fail: contexts, slots and threads are at canonical user addresses. */
  private static void archPrctl(Assembler a, int code, int value) {
    a.mov64(R8, RAX);
    a.mov64(R9, RDI);
    a.mov64(R10, RSI);
    a.mov64(RSI, value);
    a.movImmediate32(RDI, code);
    a.movImmediate32(RAX, ARCH_PRCTL);
    a.syscall();
    a.mov64(RAX, R8);
    a.mov64(RDI, R9);
    a.mov64(RSI, R10);
  }
}
