package org.capvm.libos.process;

import static org.capvm.libos.process.Registers.RAX;
import static org.capvm.libos.process.Registers.RBX;
import static org.capvm.libos.process.Registers.RCX;
import static org.capvm.libos.process.Registers.RDX;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * Carries out {@code cpuid} and {@code xgetbv} for guests, which see the processor that translation
 * supports.
 */
final class CpuIdentity {
  private static final int INSTRUCTION_BYTES_MAX = 15;
  private static final int OPCODE_CPUID = 0xa2;
  private static final int OPCODE_GROUP_7 = 0x01;
  private static final int MODRM_XGETBV = 0xd0;
  private static final long XCR0 = 7;
  private static final long LOW_HALF = 0xffff_ffffL;

  private CpuIdentity() {}

  /** Emulates the instruction at the task's pc and moves past it. */
  static void emulate(Task task) {
    Registers registers = task.registers();
    long pc = registers.pc();
    int opcodeAt = skipPrefixes(task, pc);
    if (opcodeAt >= 0) {
      int opcode = byteAt(task, pc + opcodeAt + 1);
      if (opcode == OPCODE_CPUID) {
        cpuid(registers);
        registers.setPc(pc + opcodeAt + 2);
        return;
      }
      boolean xgetbv = opcode == OPCODE_GROUP_7 && byteAt(task, pc + opcodeAt + 2) == MODRM_XGETBV;
      if (xgetbv && (registers.get(RCX) & LOW_HALF) == 0) {
        registers.set(RAX, XCR0);
        registers.set(RDX, 0);
        registers.setPc(pc + opcodeAt + 3);
        return;
      }
      if (xgetbv) {
        SignalDelivery.force(task, SignalInfo.fault(Signal.SIGSEGV, Signal.SI_KERNEL, 0));
        return;
      }
    }
    SignalDelivery.force(task, SignalInfo.fault(Signal.SIGILL, Signal.ILL_ILLOPN, pc));
  }

  private static void cpuid(Registers registers) {
    int[] answer = CpuModel.host().leaf((int) registers.get(RAX), (int) registers.get(RCX));
    registers.set(RAX, Integer.toUnsignedLong(answer[0]));
    registers.set(RBX, Integer.toUnsignedLong(answer[1]));
    registers.set(RCX, Integer.toUnsignedLong(answer[2]));
    registers.set(RDX, Integer.toUnsignedLong(answer[3]));
  }

  /** The offset of the 0F byte behind any prefixes, or -1. */
  private static int skipPrefixes(Task task, long pc) {
    for (int i = 0; i < INSTRUCTION_BYTES_MAX; i++) {
      int value = byteAt(task, pc + i);
      if (value == 0x0f) {
        return i;
      }
      boolean prefix =
          (value & 0xf0) == 0x40
              || value == 0x66
              || value == 0x67
              || value == 0xf2
              || value == 0xf3
              || (value & 0xe7) == 0x26
              || value == 0x64
              || value == 0x65;
      if (!prefix) {
        return -1;
      }
    }
    return -1;
  }

  private static int byteAt(Task task, long guestAddress) {
    try {
      return task.memory().getByte(guestAddress) & 0xff;
    } catch (GuestMemoryFault e) {
      return -1;
    }
  }
}
