package org.capvm.monitor.gate;

import static org.capvm.machine.assemble.Alu.CMP;
import static org.capvm.machine.assemble.Alu.XOR;
import static org.capvm.machine.assemble.Condition.ABOVE;
import static org.capvm.machine.assemble.Condition.ABOVE_OR_EQUAL;
import static org.capvm.machine.assemble.Condition.EQUAL;
import static org.capvm.machine.assemble.Condition.NOT_EQUAL;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.layout.ContextLayout.CURRENT;
import static org.capvm.machine.layout.ContextLayout.FAULT_RIP;
import static org.capvm.machine.layout.ContextLayout.HOST_RSP;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.ContextLayout.PC;
import static org.capvm.machine.layout.ContextLayout.RETURN_PC;
import static org.capvm.machine.layout.ContextLayout.VDSO_SCRATCH;
import static org.capvm.machine.layout.Gpr.R10;
import static org.capvm.machine.layout.Gpr.R11;
import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;
import static org.capvm.machine.layout.Gpr.RSP;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Label;
import org.capvm.machine.assemble.Memory;
import org.capvm.monitor.fault.Fixup;

/**
 * Machine code that serves a guest's vDSO calls from the host's vDSO.
 *
 * <p>A guest arrives through its branch table as at any function: guest registers, guest rsp with
 * the return address on top, FS and GS the guest's. The routine calls the host's function on the
 * host stack with a result buffer in the context, copies the result through GS with a 32-bit
 * address, and returns through the branch table.
 *
 * <p>Invariants: the host function gets pointers into the context only; every access to guest
 * memory is GS-relative with a 32-bit address; caller-saved registers are cleared, so that nothing
 * of the host reaches the guest; the host function uses no vector register (a test disassembles
 * it); a kick during the routine is seen at its end.
 */
final class VdsoCode {
  static final int RESULT = VDSO_SCRATCH;
  private static final int RESULT_2 = VDSO_SCRATCH + 0x10;
  private static final int GUEST_RSP = VDSO_SCRATCH + 0x28;
  private static final int ARGUMENT_1 = VDSO_SCRATCH + 0x30;
  private static final int ARGUMENT_2 = VDSO_SCRATCH + 0x38;

  /**
   * The clocks that are the same for every process: realtime, monotonic, monotonic raw, the two
   * coarse ones, boottime, TAI. A clock that counts a process's or a thread's own time is the
   * library OS's.
   */
  private static final int COMMON_CLOCKS =
      1 << 0 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 11;

  private static final int LAST_COMMON_CLOCK = 11;

  /** Below the host stack pointer at entry, which is 8 bytes off the alignment that calls need. */
  private static final int STACK_ALIGNMENT_BYTES = 8;

  private final Map<VdsoFunction, Label> entries = new EnumMap<>(VdsoFunction.class);
  private final List<Fixup> fixups = new ArrayList<>();

  /** From here up to {@link #tailJump} a kick restarts the tail, which then sees it. */
  final Label tailStart = new Label();

  /** The jump back into the guest: here the guest is as it will be after it. */
  final Label tailJump = new Label();

  private final ThreadFields thread;
  private final PassageCode passage;

  /**
   * Emits a routine for each function that the host has.
   *
   * @param host host addresses of the host's functions
   */
  VdsoCode(Assembler a, ThreadFields thread, PassageCode passage, Map<VdsoFunction, Long> host) {
    this.thread = thread;
    this.passage = passage;
    for (Map.Entry<VdsoFunction, Long> each : host.entrySet()) {
      a.align(16);
      entries.put(each.getKey(), a.here());
      switch (each.getKey()) {
        case CLOCK_GETTIME -> emitClock(a, each.getValue(), VdsoFunction.CLOCK_GETTIME);
        case CLOCK_GETRES -> emitClock(a, each.getValue(), VdsoFunction.CLOCK_GETRES);
        case GETTIMEOFDAY -> emitGettimeofday(a, each.getValue());
        case TIME -> emitTime(a, each.getValue());
        case GETCPU -> emitGetcpu(a, each.getValue());
      }
    }
    emitTail(a);
  }

  /** The routine of each function that the host has. */
  Map<VdsoFunction, Label> entries() {
    return entries;
  }

  /** Where routines touch guest memory. */
  List<Fixup> fixups() {
    return fixups;
  }

  private void emitClock(Assembler a, long hostFunction, VdsoFunction function) {
    Label notCommon = new Label();
    readReturnPc(a);
    a.alu32(CMP, RDI, imm(LAST_COMMON_CLOCK));
    a.jcc(ABOVE, notCommon);
    a.movImmediate32(RAX, COMMON_CLOCKS);
    a.bytes(0x0F, 0xA3, 0xF8); // bt eax, edi
    a.jcc(ABOVE_OR_EQUAL, notCommon);
    switchStack(a);
    a.lea64(RSI, Memory.base(RAX, RESULT));
    callHost(a, hostFunction);
    Label done = new Label();
    a.test32(RAX, RAX);
    a.jcc(NOT_EQUAL, done);
    if (function == VdsoFunction.CLOCK_GETRES) {
      a.test64(RSI, RSI);
      a.jcc(EQUAL, done);
    }
    copyResult(a, RSI, RESULT, 2);
    a.bind(done);
    finish(a);

    // The library OS answers: as if the guest had made the system call itself right before
    // returning.
    a.bind(notCommon);
    a.lea64(RSP, Memory.base(RSP, 8));
    a.movImmediate32(RAX, function.systemCallNumber());
    a.jmp(passage.systemCall);
  }

  private void emitGettimeofday(Assembler a, long hostFunction) {
    readReturnPc(a);
    switchStack(a);
    a.lea64(RDI, Memory.base(RAX, RESULT));
    a.lea64(RSI, Memory.base(RAX, RESULT_2));
    callHost(a, hostFunction);
    Label noTime = new Label();
    Label done = new Label();
    a.test32(RAX, RAX);
    a.jcc(NOT_EQUAL, done);
    a.test64(RDI, RDI);
    a.jcc(EQUAL, noTime);
    copyResult(a, RDI, RESULT, 2);
    a.bind(noTime);
    a.test64(RSI, RSI);
    a.jcc(EQUAL, done);
    copyResult(a, RSI, RESULT_2, 1);
    a.bind(done);
    finish(a);
  }

  private void emitTime(Assembler a, long hostFunction) {
    readReturnPc(a);
    switchStack(a);
    a.lea64(RDI, Memory.base(RAX, RESULT));
    callHost(a, hostFunction);
    Label done = new Label();
    a.test64(RDI, RDI);
    a.jcc(EQUAL, done);
    copyResult(a, RDI, RESULT, 1);
    a.bind(done);
    finish(a);
  }

  private void emitGetcpu(Assembler a, long hostFunction) {
    readReturnPc(a);
    switchStack(a);
    a.lea64(RDI, Memory.base(RAX, RESULT));
    a.lea64(RSI, Memory.base(RAX, RESULT_2));
    a.movImmediate32(RDX, 0);
    callHost(a, hostFunction);
    Label noCpu = new Label();
    Label done = new Label();
    a.test64(RDI, RDI);
    a.jcc(EQUAL, noCpu);
    copyInt(a, RDI, RESULT);
    a.bind(noCpu);
    a.test64(RSI, RSI);
    a.jcc(EQUAL, done);
    copyInt(a, RSI, RESULT_2);
    a.bind(done);
    finish(a);
  }

  /**
   * The only read of the guest's stack: first of all, so that a fault finds the guest untouched.
   * Later faults, on the guest's pointers, are reported where it called; or the access is made good
   * and goes on, so that no register may change on the way out.
   */
  void readReturnPc(Assembler a) {
    Label load = a.here();
    a.mov32(R11, Memory.base(RSP, 0));
    fixups.add(new Fixup(load, a.here(), passage.fault));
    a.mov64(thread.at(RETURN_PC), R11);
    a.mov32(thread.at(PC), R11);
  }

  /** Goes to the host's stack; leaves the context in rax. */
  private void switchStack(Assembler a) {
    a.mov64(RAX, thread.at(CURRENT));
    a.mov64(Memory.base(RAX, GUEST_RSP), RSP);
    a.mov64(Memory.base(RAX, ARGUMENT_1), RDI);
    a.mov64(Memory.base(RAX, ARGUMENT_2), RSI);
    a.mov64(RSP, Memory.base(RAX, HOST_RSP));
    a.lea64(RSP, Memory.base(RSP, -STACK_ALIGNMENT_BYTES));
  }

  /** Calls the host and makes everything the guest's again but rax, the result. */
  private void callHost(Assembler a, long hostFunction) {
    a.movImmediate64(RCX, hostFunction);
    a.callRegister(RCX);
    a.mov64(RCX, thread.at(CURRENT));
    a.mov64(RSP, Memory.base(RCX, GUEST_RSP));
    a.mov64(RDI, Memory.base(RCX, ARGUMENT_1));
    a.mov64(RSI, Memory.base(RCX, ARGUMENT_2));
    for (int register : new int[] {RCX, RDX, R8, R9, R10}) {
      a.alu32(XOR, register, register);
    }
  }

  private void copyResult(Assembler a, int pointer, int from, int words) {
    for (int i = 0; i < words; i++) {
      a.mov64(R11, thread.at(CURRENT));
      a.mov64(R11, Memory.base(R11, from + 8 * i));
      Label store = a.here();
      a.mov64(Memory.guest(pointer, 8 * i), R11);
      fixups.add(new Fixup(store, a.here(), passage.fault));
    }
  }

  private void copyInt(Assembler a, int pointer, int from) {
    a.mov64(R11, thread.at(CURRENT));
    a.mov32(R11, Memory.base(R11, from));
    Label store = a.here();
    a.mov32(Memory.guest(pointer, 0), R11);
    fixups.add(new Fixup(store, a.here(), passage.fault));
  }

  private void finish(Assembler a) {
    a.jmp(tailStart);
  }

  private void emitTail(Assembler a) {
    Label kicked = new Label();
    a.align(16);
    a.bind(tailStart);
    // Restartable up to the change of rsp, the last instruction before the jump.
    a.mov64(R11, thread.at(CURRENT));
    a.alu32(CMP, Memory.base(R11, KICK_PENDING), imm(0));
    a.jcc(NOT_EQUAL, kicked);
    a.mov32(R11, thread.at(RETURN_PC));
    a.not64(R11);
    a.lea64(RSP, Memory.base(RSP, 8));
    a.bind(tailJump);
    PassageCode.jumpThroughBranchTable(a);

    // As if the kick had found the guest on its way through the branch table: RIP 0, pc in r11.
    a.bind(kicked);
    a.mov64(Memory.base(R11, FAULT_RIP), imm(0));
    a.mov32(R11, thread.at(RETURN_PC));
    a.not64(R11);
    a.lea64(RSP, Memory.base(RSP, 8));
    a.jmp(passage.kick);
  }
}
