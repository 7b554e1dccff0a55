package org.capvm.monitor.gate;

import static org.capvm.machine.layout.ContextLayout.SLOT_BASE;
import static org.capvm.machine.layout.ContextLayout.SPILL;
import static org.capvm.machine.layout.Gpr.R11;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RSI;

import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.host.HostPlatform;

/**
 * How a gate sets the base of GS. It is a thread's, and the kernel has to know of a change, or
 * loses it when it takes the thread off a processor.
 */
enum SegmentBases {
  /** By the instructions of FSGSBASE, where the kernel offers them: Linux 5.9 and later. */
  BY_INSTRUCTION,

  /** By arch_prctl(2), everywhere: each change is a system call. */
  BY_SYSTEM_CALL;

  private static final int ARCH_PRCTL = 158;
  private static final int ARCH_SET_GS = 0x1001;

  /** What the call needs, and the register that it destroys besides rcx. */
  private static final int[] CHANGED = {RAX, RDI, RSI, R11};

  /** The faster of those that this host has. */
  static SegmentBases ofHost() {
    boolean offered =
        (HostPlatform.getauxval(HostPlatform.AT_HWCAP2) & HostPlatform.HWCAP2_FSGSBASE) != 0;
    return offered ? BY_INSTRUCTION : BY_SYSTEM_CALL;
  }

  /**
   * Sets GS base to rcx, a slot's. Invariant: the thread's field for that says what GS base is.
   * Destroys the scratch words of the translator, and nothing else.
   */
  void setGs(Assembler a, ThreadFields thread) {
    a.mov64(thread.at(SLOT_BASE), RCX);
    if (this == BY_INSTRUCTION) {
      a.wrgsbase(RCX);
      return;
    }
    for (int i = 0; i < CHANGED.length; i++) {
      a.mov64(thread.at(SPILL + 8 * i), CHANGED[i]);
    }
    a.mov64(RSI, RCX);
    a.movImmediate32(RDI, ARCH_SET_GS);
    a.movImmediate32(RAX, ARCH_PRCTL);
    // Cannot fail: slots are at canonical addresses of the user's half.
    a.syscall();
    a.mov64(RCX, RSI);
    for (int i = 0; i < CHANGED.length; i++) {
      a.mov64(CHANGED[i], thread.at(SPILL + 8 * i));
    }
  }
}
