package org.capvm.libos.signal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Registers;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/**
 * The frame a handler runs on: Linux's {@code struct rt_sigframe} for x86-64, so that handlers may
 * look into the context and change it.
 *
 * <pre>
 *   high  floating-point state, 64-byte aligned: 512 legacy, 64 header, 256 upper halves, 4 magic
 *         siginfo_t (128)                    + 312
 *         ucontext_t (304)                   + 8
 *   rsp → return address (the restorer)      + 0      (8 below a multiple of 16)
 * </pre>
 */
final class SignalFrame {
  /** What {@code AT_MINSIGSTKSZ} reports: the largest a frame can be, alignment included. */
  static final int MAX_BYTES = 2048;

  private static final int REDZONE_BYTES = 128;
  private static final int FRAME_BYTES = 440;
  private static final int CONTEXT = 8;
  private static final int INFO = 312;
  private static final int STACK = CONTEXT + 16;
  private static final int MACHINE = CONTEXT + 40;
  private static final int MASK = CONTEXT + 296;

  /** Where general registers lie in the machine context, by encoding number. */
  private static final int[] REGISTER_OFFSETS = {
    104, 112, 96, 88, 120, 80, 72, 64, 0, 8, 16, 24, 32, 40, 48, 56
  };

  private static final int RIP = 128;
  private static final int FLAGS = 136;
  private static final int SEGMENTS = 144;
  private static final int ERROR_CODE = 152;
  private static final int TRAP_NUMBER = 160;
  private static final int OLD_MASK = 168;
  private static final int FAULT_ADDRESS = 176;
  private static final int FP_POINTER = 184;

  /** cs = 0x33, gs = fs = 0, ss = 0x2b: what Linux gives 64-bit programs. */
  private static final long USER_SEGMENTS = 0x002b_0000_0000_0033L;

  /** UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS. */
  private static final long UC_FLAGS = 7;

  private static final int XSTATE_BYTES = 832;
  private static final int XSTATE_MAGIC1 = 0x46505853;
  private static final int XSTATE_MAGIC2 = 0x46505845;
  private static final int SOFTWARE_RESERVED = 464;
  private static final int XSTATE_HEADER = 512;
  private static final int XSTATE_FEATURES = 7;

  private static final long CARRY_TO_OVERFLOW = 0xcd5;
  private static final long DIRECTION = 0x400;
  private static final long CHANGEABLE_FLAGS = CARRY_TO_OVERFLOW;
  private static final int RAX = 0;
  private static final int RDX = 2;
  private static final int RSP = 4;
  private static final int RSI = 6;
  private static final int RDI = 7;

  private SignalFrame() {}

  /**
   * Puts a frame on the guest's stack and makes the guest go on in the handler.
   *
   * @return false if the stack cannot take it
   * @throws org.capvm.monitor.memory.GuestMemoryFault if the stack is not writable
   */
  static boolean push(Task task, SignalInfo info, SignalAction action, long maskToRestore) {
    Registers registers = task.registers();
    SignalState state = task.signals();
    SignalStack stack = state.stack();
    long current = registers.get(RSP);
    long pointer = current - REDZONE_BYTES;
    boolean onStack = stack.contains(current);
    boolean enters = action.has(Signal.SA_ONSTACK) && stack.isEnabled() && !onStack;
    if (enters) {
      pointer = stack.base() + stack.size();
    }
    long floating = (pointer - (XSTATE_BYTES + Integer.BYTES)) & -64L;
    long frame = ((floating - FRAME_BYTES) & -16L) - Long.BYTES;
    boolean leavesStack = (onStack || enters) && !stack.contains(frame);
    if (frame < 0 || leavesStack || !action.has(Signal.SA_RESTORER)) {
      return false;
    }
    ByteBuffer bytes =
        ByteBuffer.allocate((int) (floating + XSTATE_BYTES + Integer.BYTES - frame))
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(0, action.restorer());
    bytes.putLong(CONTEXT, UC_FLAGS);
    int stackFlags = onStack ? Signal.SS_ONSTACK : stack.flags();
    bytes.putLong(STACK, stack.base()).putInt(STACK + 8, stackFlags);
    bytes.putLong(STACK + 16, stack.size());
    putMachineContext(bytes, task, floating, maskToRestore);
    bytes.putLong(MASK, maskToRestore);
    bytes.put(INFO, info.toBytes());
    putFloatingPoint(bytes, (int) (floating - frame), registers);
    task.addressSpace().prepareStore(frame, bytes.capacity());
    task.memory().write(frame, bytes.array(), 0, bytes.capacity());
    if (enters && (stack.flags() & Signal.SS_AUTODISARM) != 0) {
      state.setStack(SignalStack.NONE);
    }
    registers.set(RDI, info.signal());
    registers.set(RSI, frame + INFO);
    registers.set(RDX, frame + CONTEXT);
    registers.set(RAX, 0);
    registers.set(RSP, frame);
    registers.setPc(action.handler());
    registers.setFlags(registers.flags() & ~DIRECTION);
    registers.resetFloatingPoint();
    return true;
  }

  private static void putMachineContext(
      ByteBuffer bytes, Task task, long floating, long maskToRestore) {
    Registers registers = task.registers();
    for (int register = 0; register < 16; register++) {
      bytes.putLong(MACHINE + REGISTER_OFFSETS[register], registers.get(register));
    }
    bytes.putLong(MACHINE + RIP, registers.pc());
    bytes.putLong(MACHINE + FLAGS, registers.flags());
    bytes.putLong(MACHINE + SEGMENTS, USER_SEGMENTS);
    bytes.putLong(MACHINE + ERROR_CODE, task.lastFault().errorCode());
    bytes.putLong(MACHINE + TRAP_NUMBER, task.lastFault().trapNumber());
    bytes.putLong(MACHINE + OLD_MASK, maskToRestore);
    bytes.putLong(MACHINE + FAULT_ADDRESS, task.lastFault().guestAddress());
    bytes.putLong(MACHINE + FP_POINTER, floating);
  }

  private static void putFloatingPoint(ByteBuffer bytes, int at, Registers registers) {
    byte[] state = registers.floatingPoint();
    bytes.put(at, state);
    bytes.putInt(at + SOFTWARE_RESERVED, XSTATE_MAGIC1);
    bytes.putInt(at + SOFTWARE_RESERVED + 4, XSTATE_BYTES + Integer.BYTES);
    bytes.putLong(at + SOFTWARE_RESERVED + 8, XSTATE_FEATURES);
    bytes.putInt(at + SOFTWARE_RESERVED + 16, XSTATE_BYTES);
    bytes.putInt(at + XSTATE_BYTES, XSTATE_MAGIC2);
  }

  /**
   * Goes back to what a frame says, for {@code rt_sigreturn}: registers, mask, alternate stack.
   *
   * @return the guest's rax
   * @throws org.capvm.monitor.memory.GuestMemoryFault if the frame cannot be read
   */
  static long pop(Task task) {
    Registers registers = task.registers();
    GuestMemory memory = task.memory();
    long frame = registers.get(RSP) - Long.BYTES;
    byte[] copy = new byte[FRAME_BYTES];
    memory.read(frame, copy, 0, FRAME_BYTES);
    ByteBuffer bytes = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
    byte[] floating = readFloatingPoint(memory, bytes.getLong(MACHINE + FP_POINTER));
    task.signals().setMask(bytes.getLong(MASK));
    for (int register = 0; register < 16; register++) {
      registers.set(register, bytes.getLong(MACHINE + REGISTER_OFFSETS[register]));
    }
    registers.setPc(bytes.getLong(MACHINE + RIP));
    long kept = registers.flags() & ~CHANGEABLE_FLAGS;
    registers.setFlags(kept | (bytes.getLong(MACHINE + FLAGS) & CHANGEABLE_FLAGS));
    if (floating == null) {
      registers.resetFloatingPoint();
    } else {
      registers.setFloatingPoint(floating);
    }
    SignalCalls.restoreStack(
        task, bytes.getLong(STACK), bytes.getInt(STACK + 8), bytes.getLong(STACK + 16));
    return registers.get(RAX);
  }

  private static byte[] readFloatingPoint(GuestMemory memory, long address) {
    if (address == 0) {
      return null;
    }
    byte[] state = new byte[XSTATE_BYTES];
    memory.read(address, state, 0, XSTATE_HEADER);
    ByteBuffer bytes = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
    boolean extended =
        bytes.getInt(SOFTWARE_RESERVED) == XSTATE_MAGIC1
            && bytes.getInt(SOFTWARE_RESERVED + 16) == XSTATE_BYTES
            && memory.getInt(address + XSTATE_BYTES) == XSTATE_MAGIC2;
    if (extended) {
      memory.read(address, state, 0, XSTATE_BYTES);
    } else {
      bytes.putLong(XSTATE_HEADER, 3);
    }
    return state;
  }
}
