package org.capvm.monitor.gate;

import static org.capvm.machine.assemble.Alu.AND;
import static org.capvm.machine.assemble.Alu.CMP;
import static org.capvm.machine.assemble.Condition.ABOVE;
import static org.capvm.machine.assemble.Condition.BELOW;
import static org.capvm.machine.assemble.Condition.EQUAL;
import static org.capvm.machine.assemble.Condition.NOT_EQUAL;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.layout.ContextLayout.CALLER;
import static org.capvm.machine.layout.ContextLayout.CURRENT;
import static org.capvm.machine.layout.ContextLayout.EXIT_REASON;
import static org.capvm.machine.layout.ContextLayout.FAULT_RIP;
import static org.capvm.machine.layout.ContextLayout.FLAGS;
import static org.capvm.machine.layout.ContextLayout.HOST_MXCSR;
import static org.capvm.machine.layout.ContextLayout.HOST_RSP;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.ContextLayout.MXCSR;
import static org.capvm.machine.layout.ContextLayout.PC;
import static org.capvm.machine.layout.ContextLayout.RAW_FLAGS;
import static org.capvm.machine.layout.ContextLayout.RAW_R11;
import static org.capvm.machine.layout.ContextLayout.RAW_RSP;
import static org.capvm.machine.layout.ContextLayout.SAVED_RDI;
import static org.capvm.machine.layout.ContextLayout.SLOT_BASE;
import static org.capvm.machine.layout.ContextLayout.SPILL;
import static org.capvm.machine.layout.ContextLayout.TRAP_KIND;
import static org.capvm.machine.layout.ContextLayout.VECTOR;
import static org.capvm.machine.layout.ContextLayout.X87;
import static org.capvm.machine.layout.ContextLayout.X87_LIVE;
import static org.capvm.machine.layout.ContextLayout.X87_USED;
import static org.capvm.machine.layout.ContextLayout.gpr;
import static org.capvm.machine.layout.Gpr.NONE;
import static org.capvm.machine.layout.Gpr.R10;
import static org.capvm.machine.layout.Gpr.R11;
import static org.capvm.machine.layout.Gpr.R12;
import static org.capvm.machine.layout.Gpr.R13;
import static org.capvm.machine.layout.Gpr.R14;
import static org.capvm.machine.layout.Gpr.R15;
import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RBP;
import static org.capvm.machine.layout.Gpr.RBX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;
import static org.capvm.machine.layout.Gpr.RSP;

import java.util.function.IntFunction;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Label;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.assemble.Memory.Segment;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.ExitReason;
import org.capvm.machine.layout.SlotLayout;

/**
 * Machine code that takes a thread into a guest and out again.
 *
 * <p>Two invariants hold at both ends. Towards the guest: every register that a guest can read
 * holds the guest's own value, or zero. Towards Java: every register that the C calling convention
 * or the JVM relies on (callee-saved registers, rsp, direction flag, MXCSR, x87 state) is as it
 * was.
 *
 * <p>FS is the host's always: what a guest's code reaches through it is memory of the host thread's
 * own, which holds fields of the context that runs; {@link ContextLayout} says which. GS is the
 * guest's alone: the JVM and the C library do not use it on x86-64 Linux, so it keeps the slot's
 * base between visits and is written only when the slot changes.
 */
final class PassageCode {
  /** {@link ContextLayout#EXIT_REASON} after a fault: {@link GuestThread} works out the reason. */
  static final int RAW_FAULT = 16;

  /** {@link ContextLayout#EXIT_REASON} after a kick in the middle of translated code. */
  static final int RAW_KICK = 17;

  private static final int[] CALLEE_SAVED = {RBP, RBX, R12, R13, R14, R15};

  /** The general registers that the guest owns, but for rdi, which points to the context. */
  private static final int[] GUEST_REGISTERS = {
    RAX, RCX, RDX, RBX, RBP, RSI, R8, R9, R10, R12, R13, R14, R15
  };

  private static final int VECTORS = 16;
  private static final int VECTOR_BYTES = 32;

  private static final int TRAP_FLAG = 1 << 8;
  private static final int DIRECTION_FLAG_BIT = 10;
  private static final int OVERFLOW_FLAG_BIT = 11;

  /** State component 0 of an XSAVE area: x87. */
  private static final int XSAVE_X87 = 1;

  /** The x87 control word that the C calling convention promises. */
  static final int DEFAULT_X87_CONTROL = 0x37F;

  /** Offset of the status word in the format of {@code fxsave}. */
  private static final int FXSAVE_STATUS = 2;

  /** Offset of the byte with a bit for each x87 register that is in use. */
  private static final int FXSAVE_TAGS = 4;

  /** Entry for Java: {@code int enter(context)}; goes on at the context's pc. */
  final Label enter = new Label();

  /** Entry for Java: {@code int resume(context)}; goes on at {@link ContextLayout#FAULT_RIP}. */
  final Label resume = new Label();

  /** Entry for Java: {@code int attach(context)}; notes what the thread has to get back. */
  final Label attach = new Label();

  /** From here up to {@link #windowEnd} a kick goes to {@link #abandon}. */
  final Label windowStart = new Label();

  /** The instruction after the last that can run on the way in. */
  final Label windowEnd = new Label();

  /** From here up to {@link #resumeEnd} a kick goes to {@link #abandonResume}. */
  final Label resumeStart = new Label();

  /** The instruction after the last that can run on the way back in. */
  final Label resumeEnd = new Label();

  /** Leaves a way back in that has not reached the guest; the guest is where it was. */
  final Label abandonResume = new Label();

  /** Leaves an entry that has not reached the guest; reason: kick. */
  final Label abandon = new Label();

  /** Gate for a branch to code without a translation. */
  final Label miss = new Label();

  /** Gate for a system call. */
  final Label systemCall = new Label();

  /** Gate for a trap that translated code raises. */
  final Label trap = new Label();

  /** Gate for an instruction that the library OS emulates. */
  final Label emulate = new Label();

  /** Where the fault handler sends a guest that faulted. */
  final Label fault = new Label();

  /** Where the kick handler sends a guest. */
  final Label kick = new Label();

  private final Label leave = new Label();
  private final ThreadFields thread;
  private final SegmentBases bases;

  /** Emits everything. */
  PassageCode(Assembler a, ThreadFields thread, SegmentBases bases) {
    this.thread = thread;
    this.bases = bases;
    emitAttach(a);
    emitEnter(a);
    emitResume(a);
    emitExits(a);
    emitAbandon(a);
  }

  private void emitAttach(Assembler a) {
    a.bind(attach);
    a.stmxcsr(Memory.base(RDI, HOST_MXCSR));
    // What host code left in x87 and MMX registers must not be there when the guest first uses
    // them.
    // An empty header stands for the initial state, registers zeroed.
    a.movImmediate32(RAX, XSAVE_X87);
    a.movImmediate32(RDX, 0);
    a.xrstor64(Memory.base(RDI, X87));
    a.ret();
  }

  private void emitEnter(Assembler a) {
    a.align(64);
    a.bind(enter);
    pushHostState(a);
    a.bind(windowStart);
    // From the moment that the context is the current one, a kick is seen: before this comparison
    // by the comparison, after it by the handler, which abandons the entry. Guest state in the
    // context stays as it is until the jump, so that abandoning needs to undo nothing.
    a.alu32(CMP, Memory.base(RDI, KICK_PENDING), imm(0));
    a.jcc(NOT_EQUAL, abandon);
    // x87 first: its instruction loads vector registers and MXCSR as well.
    Label x87Used = new Label();
    a.alu8(CMP, Memory.base(RDI, X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Loaded = a.here();
    loadVectors(a);
    a.ldmxcsr(Memory.base(RDI, MXCSR));

    // Invariant: rsp = B + guest sp.
    a.mov64(RDX, Memory.base(RDI, SLOT_BASE));
    a.mov32(RCX, Memory.base(RDI, ContextLayout.RSP));
    a.lea64(RSP, Memory.indexed(RDX, RCX, 1, 0));

    // popfq would be slow: al + 0x7f overflows exactly if al was 1, and sahf sets the others. Flags
    // that would reach the host (TF, AC, NT, IOPL) cannot be set in this way.
    a.mov32(RAX, Memory.base(RDI, FLAGS));
    a.bt32(RAX, DIRECTION_FLAG_BIT);
    Label down = new Label();
    a.jcc(BELOW, down);
    Label directionSet = a.here();
    a.mov32(RCX, RAX);
    a.bytes(0xC1, 0xE8, OVERFLOW_FLAG_BIT); // shr eax, 11
    a.bytes(0x24, 1); // and al, 1
    a.bytes(0x88, 0xCC); // mov ah, cl
    a.addAl(0x7F);
    a.sahf();

    a.mov32(R11, Memory.base(RDI, PC));
    a.not64(R11);
    loadGuestRegisters(a);
    jumpThroughBranchTable(a);

    a.bind(down);
    a.std();
    a.jmp(directionSet);
    a.bind(x87Used);
    loadX87(a, x87Loaded);
    // The detours are part of the way in.
    a.bind(windowEnd);
  }

  /**
   * Goes on inside translated code with every register as it was, and with the trap flag if asked.
   * With the trap flag the guest comes back by itself; without it a kick must not be lost, as in
   * {@link #emitEnter}.
   */
  private void emitResume(Assembler a) {
    a.align(16);
    a.bind(resume);
    pushHostState(a);
    a.bind(resumeStart);
    Label stepping = new Label();
    a.test32(Memory.base(RDI, RAW_FLAGS), imm(TRAP_FLAG));
    a.jccShort(NOT_EQUAL, stepping);
    a.alu32(CMP, Memory.base(RDI, KICK_PENDING), imm(0));
    a.jcc(NOT_EQUAL, abandonResume);
    a.bind(stepping);
    // x87 first: its instruction loads vector registers and MXCSR as well.
    Label x87Used = new Label();
    a.alu8(CMP, Memory.base(RDI, X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Loaded = a.here();
    loadVectors(a);
    a.ldmxcsr(Memory.base(RDI, MXCSR));
    // iretq loads rip, flags and rsp at once, so that the trap flag acts from the guest's first
    // instruction on and not on this code.
    a.bytes(0x8C, 0xD0); // mov eax, ss
    a.push(RAX);
    a.push(Memory.base(RDI, RAW_RSP));
    a.push(Memory.base(RDI, RAW_FLAGS));
    a.bytes(0x8C, 0xC8); // mov eax, cs
    a.push(RAX);
    a.push(Memory.base(RDI, FAULT_RIP));
    a.mov64(R11, Memory.base(RDI, RAW_R11));
    loadGuestRegisters(a);
    a.bytes(0x48, 0xCF); // iretq
    a.bind(x87Used);
    loadX87(a, x87Loaded);
    a.bind(resumeEnd);
  }

  private void emitExits(Assembler a) {
    Label save = new Label();
    // None of these touches a flag or a register before they are saved.
    gate(a, systemCall, ExitReason.SYSTEM_CALL.code(), save);
    gate(a, miss, ExitReason.MISS.code(), save);
    gate(a, trap, ExitReason.TRAP.code(), save);
    gate(a, emulate, ExitReason.EMULATE.code(), save);
    gate(a, fault, RAW_FAULT, save);
    gate(a, kick, RAW_KICK, save);

    a.align(64);
    a.bind(save);
    a.mov64(thread.at(SAVED_RDI), RDI);
    a.mov64(RDI, thread.at(CURRENT));
    for (int register : GUEST_REGISTERS) {
      a.mov64(Memory.base(RDI, gpr(register)), register);
    }
    a.mov64(Memory.base(RDI, RAW_R11), R11);
    a.mov64(Memory.base(RDI, RAW_RSP), RSP);
    // A guest never sees B: the low half of rsp is its own stack pointer. The high half stays zero.
    a.mov32(Memory.base(RDI, ContextLayout.RSP), RSP);
    for (int i = 0; i < VECTORS; i++) {
      a.vmovdqu256(Memory.base(RDI, VECTOR + i * VECTOR_BYTES), i);
    }
    // pushfq must not write to the guest's stack, which may not be there.
    a.mov64(RSP, Memory.base(RDI, HOST_RSP));
    a.pushfq();
    a.pop(Memory.base(RDI, FLAGS));
    saveThreadFields(a);
    a.mov64(RAX, thread.at(SAVED_RDI));
    a.mov64(Memory.base(RDI, gpr(RDI)), RAX);
    a.cld();
    a.vzeroupper();
    a.stmxcsr(Memory.base(RDI, MXCSR));
    a.ldmxcsr(Memory.base(RDI, HOST_MXCSR));
    Label x87Used = new Label();
    a.alu8(CMP, Memory.base(RDI, X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Saved = a.here();
    a.mov32(RAX, Memory.base(RDI, EXIT_REASON));
    // A call that began in machine code: the caller's registers say what has become of it.
    Label called = new Label();
    a.alu64(CMP, Memory.base(RDI, CALLER), imm((int) LentContext.TAKEN));
    a.jcc(ABOVE, called);
    a.bind(leave);
    a.mov64(thread.at(CURRENT), imm(0));
    for (int i = CALLEE_SAVED.length - 1; i >= 0; i--) {
      a.pop(CALLEE_SAVED[i]);
    }
    a.ret();

    a.bind(called);
    a.movImmediate32(RAX, ExitReason.SYSTEM_CALL.code());
    a.jmp(leave);

    // Java may use x87, so the C calling convention holds: default control word, empty stack. When
    // the guest's state is like that it stays, because fninit and fxrstor take 130 ns together.
    a.bind(x87Used);
    Label x87Disturbs = new Label();
    a.fxsave64(Memory.base(RDI, X87));
    a.movzx16(RAX, Memory.base(RDI, X87));
    a.alu32(CMP, RAX, imm(DEFAULT_X87_CONTROL));
    a.jcc(NOT_EQUAL, x87Disturbs);
    a.alu8(CMP, Memory.base(RDI, X87 + FXSAVE_TAGS), imm(0));
    a.jcc(NOT_EQUAL, x87Disturbs);
    a.mov8(Memory.base(RDI, X87_LIVE), imm(1));
    a.jmp(x87Saved);
    a.bind(x87Disturbs);
    a.mov8(Memory.base(RDI, X87_LIVE), imm(0));
    a.fninit();
    a.jmp(x87Saved);
  }

  private void emitAbandon(Assembler a) {
    Label abandoned = new Label();
    a.align(16);
    a.bind(abandon);
    a.movImmediate32(RAX, ExitReason.KICK.code());
    a.jmp(abandoned);
    a.align(16);
    a.bind(abandonResume);
    a.movImmediate32(RAX, RAW_KICK);
    a.bind(abandoned);
    a.mov64(RDI, thread.at(CURRENT));
    a.mov32(Memory.base(RDI, EXIT_REASON), RAX);
    a.mov64(RSP, Memory.base(RDI, HOST_RSP));
    a.cld();
    a.vzeroupper();
    a.ldmxcsr(Memory.base(RDI, HOST_MXCSR));
    Label x87Clean = new Label();
    a.alu8(CMP, Memory.base(RDI, X87_USED), imm(0));
    a.jcc(EQUAL, x87Clean);
    a.fninit();
    a.mov8(Memory.base(RDI, X87_LIVE), imm(0));
    a.bind(x87Clean);
    a.jmp(leave);
  }

  /** Invariant: what any exit needs is there before the context is the current one. */
  private void pushHostState(Assembler a) {
    for (int register : CALLEE_SAVED) {
      a.push(register);
    }
    a.mov64(Memory.base(RDI, HOST_RSP), RSP);
    // Of the host thread, not of the context: several may take turns on one thread.
    Label slotLoaded = new Label();
    a.mov64(RCX, Memory.base(RDI, SLOT_BASE));
    a.alu64(CMP, RCX, thread.at(SLOT_BASE));
    a.jccShort(EQUAL, slotLoaded);
    bases.setGs(a, thread);
    a.bind(slotLoaded);
    loadThreadFields(a);
    a.mov64(thread.at(CURRENT), RDI);
  }

  /** What translations read of a context, and what both they and it keep; destroys rax and ymm0. */
  private void loadThreadFields(Assembler a) {
    a.vmovdqu256(0, Memory.base(RDI, PC));
    a.vmovdqu256(thread.at(PC), 0);
    copyKeptFields(a, field -> Memory.base(RDI, field), thread::at);
  }

  /** What translations and gates write of a context, and what is kept; destroys rax and ymm0. */
  private void saveThreadFields(Assembler a) {
    // As wide as they were written: a wider load would wait until the stores are done.
    for (int field : new int[] {PC, EXIT_REASON, TRAP_KIND}) {
      a.mov32(RAX, thread.at(field));
      a.mov32(Memory.base(RDI, field), RAX);
    }
    copyKeptFields(a, thread::at, field -> Memory.base(RDI, field));
  }

  private static void copyKeptFields(
      Assembler a, IntFunction<Memory> from, IntFunction<Memory> to) {
    a.mov64(RAX, from.apply(ContextLayout.R11));
    a.mov64(to.apply(ContextLayout.R11), RAX);
    a.vmovdqu256(0, from.apply(SPILL));
    a.vmovdqu256(to.apply(SPILL), 0);
    a.movzx8(RAX, from.apply(X87_USED));
    a.mov8(to.apply(X87_USED), RAX);
  }

  /** Invariant: no vector register keeps a value of Java's. */
  private static void loadVectors(Assembler a) {
    for (int i = 0; i < VECTORS; i++) {
      a.vmovdqu256(i, Memory.base(RDI, VECTOR + i * VECTOR_BYTES));
    }
  }

  /** Loads the guest's x87 state, unless the host has left it in place. */
  private static void loadX87(Assembler a, Label loaded) {
    Label load = new Label();
    a.alu8(CMP, Memory.base(RDI, X87_LIVE), imm(0));
    a.jcc(EQUAL, load);
    // Arithmetic of the host's would have left its mark in the status word.
    a.fnstswAx();
    a.alu32(AND, RAX, imm(0xFFFF));
    a.movzx16(RCX, Memory.base(RDI, X87 + FXSAVE_STATUS));
    a.alu32(CMP, RAX, RCX);
    a.jcc(EQUAL, loaded);
    a.bind(load);
    a.fxrstor64(Memory.base(RDI, X87));
    a.jmp(loaded);
  }

  private static void loadGuestRegisters(Assembler a) {
    for (int register : GUEST_REGISTERS) {
      a.mov64(register, Memory.base(RDI, gpr(register)));
    }
    a.mov64(RDI, Memory.base(RDI, gpr(RDI)));
  }

  /** Invariant: control goes where the branch table says for the pc whose complement is in r11. */
  static void jumpThroughBranchTable(Assembler a) {
    a.jmp(
        new Memory(
            Segment.GS,
            NONE,
            R11,
            SlotLayout.BRANCH_ENTRY_BYTES,
            SlotLayout.BRANCH_TABLE_DISPLACEMENT,
            64));
  }

  private void gate(Assembler a, Label entry, int reason, Label save) {
    a.align(16);
    a.bind(entry);
    a.mov32(thread.at(EXIT_REASON), imm(reason));
    a.jmp(save);
  }
}
