package org.capvm.libos.process;

import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RBX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDX;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;

/**
 * Carries out {@code cpuid} and {@code xgetbv} for guests, which see the processor that translation
 * supports.
 */
final class CpuIdentity {
  private static final int OPCODE_CPUID = 0xa2;
  private static final int OPCODE_GROUP_7 = 0x01;
  private static final int MODRM_XGETBV = 0xd0;
  private static final long XCR0 = 7;
  private static final long LOW_HALF = 0xffff_ffffL;

  private CpuIdentity() {}

  /**
   * Carries out an instruction.
   *
   * @param opcodeAt the guest address of its opcode's second byte, which follows a byte 0F
   */
  static void emulate(Task task, long opcodeAt) {
    Registers registers = task.registers();
    int opcode = Emulation.byteAt(task, opcodeAt);
    boolean xgetbv =
        opcode == OPCODE_GROUP_7 && Emulation.byteAt(task, opcodeAt + 1) == MODRM_XGETBV;
    if (opcode == OPCODE_CPUID) {
      cpuid(registers);
      registers.setPc(opcodeAt + 1);
    } else if (xgetbv && (registers.get(RCX) & LOW_HALF) == 0) {
      registers.set(RAX, XCR0);
      registers.set(RDX, 0);
      registers.setPc(opcodeAt + 2);
    } else if (xgetbv) {
      SignalDelivery.force(task, SignalInfo.fault(Signal.SIGSEGV, Signal.SI_KERNEL, 0));
    } else {
      SignalDelivery.force(
          task, SignalInfo.fault(Signal.SIGILL, Signal.ILL_ILLOPN, registers.pc()));
    }
  }

  private static void cpuid(Registers registers) {
    int[] answer = CpuModel.host().leaf((int) registers.get(RAX), (int) registers.get(RCX));
    registers.set(RAX, Integer.toUnsignedLong(answer[0]));
    registers.set(RBX, Integer.toUnsignedLong(answer[1]));
    registers.set(RCX, Integer.toUnsignedLong(answer[2]));
    registers.set(RDX, Integer.toUnsignedLong(answer[3]));
  }
}
