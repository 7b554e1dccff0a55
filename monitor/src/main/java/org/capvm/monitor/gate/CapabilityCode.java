package org.capvm.monitor.gate;

import static org.capvm.machine.assemble.Alu.ADD;
import static org.capvm.machine.assemble.Alu.AND;
import static org.capvm.machine.assemble.Alu.CMP;
import static org.capvm.machine.assemble.Alu.SUB;
import static org.capvm.machine.assemble.Alu.XOR;
import static org.capvm.machine.assemble.Condition.ABOVE;
import static org.capvm.machine.assemble.Condition.BELOW;
import static org.capvm.machine.assemble.Condition.EQUAL;
import static org.capvm.machine.assemble.Condition.NOT_EQUAL;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.layout.ContextLayout.CAPABILITIES;
import static org.capvm.machine.layout.ContextLayout.CURRENT;
import static org.capvm.machine.layout.ContextLayout.PC;
import static org.capvm.machine.layout.ContextLayout.RETURN_PC;
import static org.capvm.machine.layout.ContextLayout.SLOT_BASE;
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
import static org.capvm.monitor.capability.CapabilityLayout.BASE;
import static org.capvm.monitor.capability.CapabilityLayout.ENTRY_SHIFT;
import static org.capvm.monitor.capability.CapabilityLayout.HANDLE;
import static org.capvm.monitor.capability.CapabilityLayout.INDEX_MASK;
import static org.capvm.monitor.capability.CapabilityLayout.IN_FLIGHT;
import static org.capvm.monitor.capability.CapabilityLayout.LENGTH;
import static org.capvm.monitor.capability.CapabilityLayout.PERMISSIONS;
import static org.capvm.monitor.capability.CapabilityLayout.SEAL;
import static org.capvm.monitor.capability.CapabilityLayout.WAITERS_ADDRESS;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Label;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.assemble.Shift;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.fault.Fixup;

/**
 * Machine code that carries out a guest's reads, writes and notifications of CP_Files.
 *
 * <p>A guest arrives through its branch table as at any function, with its arguments in registers,
 * so that no other thread can change them. {@link org.capvm.monitor.capability.CapabilityLayout}
 * says how the entry is used.
 *
 * <p>Invariants: the entry looked at lies in the table whatever the handle; nothing is copied
 * unless handle, permission, seal and range were checked after the use was counted; the count is
 * taken back on every way out; the guest's side of a copy is the slot's base plus 32 bits plus less
 * than {@link #MAX_BYTES}, which is guest memory or a guard; the direction flag is clear; no
 * register that held a host address reaches the guest.
 */
final class CapabilityCode {
  /** Longer copies are Java's, which makes them in pieces, so that a revocation need not wait. */
  static final int MAX_BYTES = 1 << 20;

  /** Up to here a loop of words is faster than a string instruction. */
  private static final int SHORT_BYTES = 64;

  private static final int WORD = Long.BYTES;

  private final Map<CapabilityRoutine, Label> entries = new EnumMap<>(CapabilityRoutine.class);
  private final List<Fixup> fixups = new ArrayList<>();
  private final ThreadFields thread;
  private final PassageCode passage;
  private final VdsoCode vdso;

  /** Emits the routines. */
  CapabilityCode(Assembler a, ThreadFields thread, PassageCode passage, VdsoCode vdso) {
    this.thread = thread;
    this.passage = passage;
    this.vdso = vdso;
    begin(a, CapabilityRoutine.CP_FILE_READ);
    emitCopy(a, CapabilityRoutine.CP_FILE_READ, Permissions.READ, true);
    begin(a, CapabilityRoutine.CP_FILE_WRITE);
    emitCopy(a, CapabilityRoutine.CP_FILE_WRITE, Permissions.WRITE, false);
    begin(a, CapabilityRoutine.CP_FILE_NOTIFY);
    emitNotify(a, CapabilityRoutine.CP_FILE_NOTIFY);
  }

  private void begin(Assembler a, CapabilityRoutine routine) {
    a.align(16);
    entries.put(routine, a.here());
  }

  /** Where each routine begins. */
  Map<CapabilityRoutine, Label> entries() {
    return entries;
  }

  /** Where routines touch memory of guests. */
  List<Fixup> fixups() {
    return fixups;
  }

  private void emitCopy(Assembler a, CapabilityRoutine routine, int permission, boolean read) {
    Label slow = new Label();
    Label leaveSlow = new Label();
    vdso.readReturnPc(a);
    a.alu64(CMP, RCX, imm(MAX_BYTES));
    a.jcc(ABOVE, slow);
    a.mov64(RAX, RDX);
    a.shift64(Shift.SHR, RAX, 32);
    a.jcc(NOT_EQUAL, slow);
    enter(a, permission, slow, leaveSlow);
    a.alu64(CMP, RAX, RCX);
    a.jcc(BELOW, leaveSlow);
    // What the way through Java needs if memory is not there.
    a.mov64(R9, RDI);
    a.mov64(R10, RSI);
    a.mov64(RAX, RCX);
    int shared = read ? RSI : RDI;
    int guest = read ? RDI : RSI;
    if (!read) {
      a.mov64(RDI, RSI);
    }
    a.alu64(ADD, shared, Memory.base(R8, BASE));
    a.mov64(guest, thread.at(SLOT_BASE));
    a.alu64(ADD, guest, RDX);
    Label done = new Label();
    Label copyStart = a.here();
    copy(a, done);
    a.bind(done);
    leave(a);
    clear(a, RCX, RDX, RSI, RDI, R8, R9, R10);
    a.jmp(vdso.tailStart);

    Label fault = a.here();
    fixups.add(new Fixup(copyStart, done, fault));
    a.mov64(RDI, R9);
    a.mov64(RSI, R10);
    a.mov64(RCX, RAX);
    a.bind(leaveSlow);
    leave(a);
    a.bind(slow);
    finishInJava(a, routine.systemCallNumber());
  }

  /** Copies rcx bytes from rsi to rdi. */
  private static void copy(Assembler a, Label done) {
    Label words = new Label();
    Label bytes = new Label();
    Label string = new Label();
    a.alu32(CMP, RCX, imm(SHORT_BYTES));
    a.jcc(ABOVE, string);
    a.bind(words);
    a.alu32(SUB, RCX, imm(WORD));
    a.jcc(BELOW, bytes);
    a.mov64(R11, Memory.base(RSI, 0));
    a.mov64(Memory.base(RDI, 0), R11);
    a.alu64(ADD, RSI, imm(WORD));
    a.alu64(ADD, RDI, imm(WORD));
    a.jmp(words);
    a.bind(bytes);
    a.alu32(ADD, RCX, imm(WORD));
    a.jcc(EQUAL, done);
    Label next = a.here();
    a.movzx8(R11, Memory.base(RSI, 0));
    a.mov8(Memory.base(RDI, 0), R11);
    a.inc64(RSI);
    a.inc64(RDI);
    a.alu32(SUB, RCX, imm(1));
    a.jcc(NOT_EQUAL, next);
    a.jmp(done);
    a.bind(string);
    // The guest may have set it.
    a.cld();
    a.repMovsb();
  }

  private void emitNotify(Assembler a, CapabilityRoutine routine) {
    Label slow = new Label();
    Label leaveSlow = new Label();
    vdso.readReturnPc(a);
    enter(a, Permissions.NOTIFY, slow, leaveSlow);
    a.alu64(CMP, RAX, imm(Integer.BYTES));
    a.jcc(BELOW, leaveSlow);
    a.mov64(RAX, Memory.base(R8, WAITERS_ADDRESS));
    a.alu32(CMP, Memory.base(RAX, 0), imm(0));
    a.jcc(NOT_EQUAL, leaveSlow);
    leave(a);
    clear(a, RAX, RCX, RDX, RSI, RDI, R8);
    a.jmp(vdso.tailStart);
    a.bind(leaveSlow);
    leave(a);
    a.bind(slow);
    finishInJava(a, routine.systemCallNumber());
  }

  /**
   * Begins a use of the capability whose handle is in rdi; leaves its entry in r8, and in rax what
   * its range has from the offset in rsi on.
   */
  private void enter(Assembler a, int permission, Label slow, Label leaveSlow) {
    find(a, slow);
    a.lock();
    a.alu32(ADD, Memory.base(R8, IN_FLIGHT), imm(1));
    a.alu64(CMP, RDI, Memory.base(R8, HANDLE));
    a.jcc(NOT_EQUAL, leaveSlow);
    a.test32(Memory.base(R8, PERMISSIONS), imm(permission));
    a.jcc(EQUAL, leaveSlow);
    a.alu32(CMP, Memory.base(R8, SEAL), imm(0));
    a.jcc(NOT_EQUAL, leaveSlow);
    a.mov64(RAX, Memory.base(R8, LENGTH));
    a.alu64(CMP, RAX, RSI);
    a.jcc(BELOW, leaveSlow);
    a.alu64(SUB, RAX, RSI);
  }

  /** Leaves in r8 the entry of the capability whose handle is in rdi, if it is valid now. */
  void find(Assembler a, Label notValid) {
    a.mov64(R8, thread.at(CURRENT));
    a.mov64(R8, Memory.base(R8, CAPABILITIES));
    a.test64(R8, R8);
    a.jcc(EQUAL, notValid);
    a.mov32(RAX, RDI);
    a.alu32(AND, RAX, imm(INDEX_MASK));
    a.shift64(Shift.SHL, RAX, ENTRY_SHIFT);
    a.alu64(ADD, R8, RAX);
    a.alu64(CMP, RDI, Memory.base(R8, HANDLE));
    a.jcc(NOT_EQUAL, notValid);
  }

  private static void leave(Assembler a) {
    a.lock();
    a.alu32(SUB, Memory.base(R8, IN_FLIGHT), imm(1));
  }

  static void clear(Assembler a, int... registers) {
    for (int register : registers) {
      a.alu32(XOR, register, register);
    }
  }

  /**
   * As if the guest had made a system call itself right before returning, with four arguments in
   * the registers of the C calling convention.
   */
  void finishInJava(Assembler a, int systemCallNumber) {
    a.mov64(R10, RCX);
    clear(a, R8, R9);
    a.mov64(R11, thread.at(RETURN_PC));
    a.mov32(thread.at(PC), R11);
    a.lea64(RSP, Memory.base(RSP, 8));
    a.movImmediate32(RAX, systemCallNumber);
    a.jmp(passage.systemCall);
  }
}
