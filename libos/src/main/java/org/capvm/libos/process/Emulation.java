package org.capvm.libos.process;

import static org.capvm.machine.layout.Gpr.RSP;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * Carries out the instructions that translated code leaves to the library OS: those that tell what
 * the processor is, and those that move the flags register to and from the stack.
 *
 * <p>Guests see every flag that {@code popf} can change without privileges, but the trap flag and
 * NT, which stay clear; AC checks no alignment.
 */
final class Emulation {
  private static final int INSTRUCTION_BYTES_MAX = 15;
  private static final int OPCODE_PUSHF = 0x9c;
  private static final int OPCODE_POPF = 0x9d;
  private static final int TWO_BYTE_OPCODE = 0x0f;
  private static final int OPERAND_SIZE = 0x66;
  private static final long WORD = 0xffff;

  private Emulation() {}

  /** Carries out the instruction at the task's pc and moves past it. */
  static void emulate(Task task) {
    long pc = task.registers().pc();
    boolean word = false;
    long next = pc;
    int opcode = byteAt(task, next++);
    while (isPrefix(opcode) && next - pc < INSTRUCTION_BYTES_MAX) {
      word |= opcode == OPERAND_SIZE;
      opcode = byteAt(task, next++);
    }
    switch (opcode) {
      case OPCODE_PUSHF -> pushFlags(task, word ? 2 : 8, next);
      case OPCODE_POPF -> popFlags(task, word ? 2 : 8, next);
      case TWO_BYTE_OPCODE -> CpuIdentity.emulate(task, next);
      default -> SignalDelivery.force(task, SignalInfo.fault(Signal.SIGILL, Signal.ILL_ILLOPN, pc));
    }
  }

  private static void pushFlags(Task task, int sizeBytes, long next) {
    Registers registers = task.registers();
    long top = registers.get(RSP) - sizeBytes;
    try {
      if (sizeBytes == 8) {
        task.memory().putLong(top, registers.flags());
      } else {
        task.memory().putShort(top, (short) registers.flags());
      }
    } catch (GuestMemoryFault e) {
      Faults.noAccess(task, top, true);
      return;
    }
    registers.set(RSP, top);
    registers.setPc(next);
  }

  private static void popFlags(Task task, int sizeBytes, long next) {
    Registers registers = task.registers();
    long top = registers.get(RSP);
    try {
      registers.setFlags(
          sizeBytes == 8
              ? task.memory().getLong(top)
              : (registers.flags() & ~WORD) | (task.memory().getShort(top) & WORD));
    } catch (GuestMemoryFault e) {
      Faults.noAccess(task, top, false);
      return;
    }
    registers.set(RSP, top + sizeBytes);
    registers.setPc(next);
  }

  private static boolean isPrefix(int value) {
    return (value & 0xf0) == 0x40
        || value == OPERAND_SIZE
        || value == 0x67
        || value == 0xf2
        || value == 0xf3
        || (value & 0xe7) == 0x26
        || value == 0x64
        || value == 0x65;
  }

  /** A byte of guest memory, or -1 where there is none. */
  static int byteAt(Task task, long guestAddress) {
    try {
      return task.memory().getByte(guestAddress) & 0xff;
    } catch (GuestMemoryFault e) {
      return -1;
    }
  }
}
