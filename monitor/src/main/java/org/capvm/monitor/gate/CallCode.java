package org.capvm.monitor.gate;

import static org.capvm.machine.assemble.Alu.CMP;
import static org.capvm.machine.assemble.Alu.OR;
import static org.capvm.machine.assemble.Alu.SUB;
import static org.capvm.machine.assemble.Condition.BELOW;
import static org.capvm.machine.assemble.Condition.BELOW_OR_EQUAL;
import static org.capvm.machine.assemble.Condition.EQUAL;
import static org.capvm.machine.assemble.Condition.NOT_EQUAL;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.layout.ContextLayout.CALLEE;
import static org.capvm.machine.layout.ContextLayout.CALLER;
import static org.capvm.machine.layout.ContextLayout.CALL_FUNCTION;
import static org.capvm.machine.layout.ContextLayout.CALL_GS_BASE;
import static org.capvm.machine.layout.ContextLayout.CALL_RETURN;
import static org.capvm.machine.layout.ContextLayout.CALL_STACK;
import static org.capvm.machine.layout.ContextLayout.CALL_TARGET;
import static org.capvm.machine.layout.ContextLayout.CALL_TLS_BASE;
import static org.capvm.machine.layout.ContextLayout.CALL_WORDS;
import static org.capvm.machine.layout.ContextLayout.FLAGS;
import static org.capvm.machine.layout.ContextLayout.GS_BASE;
import static org.capvm.machine.layout.ContextLayout.HOST_FS;
import static org.capvm.machine.layout.ContextLayout.HOST_MXCSR;
import static org.capvm.machine.layout.ContextLayout.HOST_RSP;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.ContextLayout.MXCSR;
import static org.capvm.machine.layout.ContextLayout.SELF;
import static org.capvm.machine.layout.ContextLayout.SLOT_BASE;
import static org.capvm.machine.layout.ContextLayout.TLS_BASE;
import static org.capvm.machine.layout.ContextLayout.X87;
import static org.capvm.machine.layout.ContextLayout.X87_USED;
import static org.capvm.machine.layout.ContextLayout.gpr;
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
import static org.capvm.monitor.capability.CapabilityLayout.BASE;
import static org.capvm.monitor.capability.CapabilityLayout.HANDLE;
import static org.capvm.monitor.capability.CapabilityLayout.PERMISSIONS;
import static org.capvm.monitor.capability.CapabilityLayout.SEAL;

import java.util.ArrayList;
import java.util.List;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Label;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.host.SegmentBases;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.fault.Fixup;

/**
 * Machine code that takes a guest's thread into a function of another cVM and back.
 *
 * <p>The caller arrives through its branch table as at any function. Its registers that must
 * survive go to its context; FS and GS become those of a {@link LentContext}, found through the
 * capability; the function runs there as any guest does, and returns to the second routine. Any
 * exit on the way is the callee's context's, and reaches Java as if the caller had asked for {@link
 * CapabilityRoutine#CP_CALL_CONTINUE} after its call.
 *
 * <p>Invariants: a context is entered by the one whose {@code CALLER} word says so, and the word
 * was free before, and the capability was valid then; the stack and the thread pointers are the
 * lender's; no general, vector, x87 or flag register carries anything but the six words in and the
 * one word out; what the caller gets back it had, whatever the callee did; every access to guest
 * memory is GS-relative with a 32-bit address; a kick of the caller or the callee is seen at the
 * latest when the tail of {@link VdsoCode} jumps.
 */
final class CallCode {
  private static final int DEFAULT_FLAGS = 0x202;
  private static final int DEFAULT_MXCSR = 0x1F80;
  private static final int EFAULT = 14;
  private static final int SEALED_FOR_CALLS = 1;

  /** State component 0 of an XSAVE area: x87. */
  private static final int XSAVE_X87 = 1;

  private static final int WORD = Long.BYTES;

  /** Where the C calling convention puts the words. */
  private static final int[] ARGUMENTS = {RDI, RSI, RDX, RCX, R8, R9};

  private static final int[] PRESERVED = {RBX, RBP, R12, R13, R14, R15};

  /** {@code cp_call}. */
  final Label call = new Label();

  /** Where exported functions return to. */
  final Label giveBack = new Label();

  private final List<Fixup> fixups = new ArrayList<>();
  private final SegmentBases bases;
  private final PassageCode passage;
  private final VdsoCode vdso;

  /** Emits both routines. */
  CallCode(Assembler a, SegmentBases bases, PassageCode passage, VdsoCode vdso) {
    this.bases = bases;
    this.passage = passage;
    this.vdso = vdso;
    emitCall(a);
    emitReturn(a);
  }

  /** Where routines touch memory of guests. */
  List<Fixup> fixups() {
    return fixups;
  }

  private void emitCall(Assembler a) {
    Label slow = new Label();
    Label noContext = new Label();
    Label returnContext = new Label();
    a.align(64);
    a.bind(call);
    vdso.readReturnPc(a);
    // Java's way asks the kernel once, this one would twice.
    if (bases == SegmentBases.BY_SYSTEM_CALL) {
      a.jmp(slow);
    }
    // A deadline needs a timer.
    a.test64(RCX, RCX);
    a.jcc(NOT_EQUAL, slow);
    Label x87Used = new Label();
    a.alu8(CMP, Memory.fs(X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Checked = a.here();
    readWords(a, slow);
    // Before the call, so that a bad place for the result has no effect on the callee.
    Label touch = a.here();
    a.mov64(Memory.guest(RDX, 0), RCX);
    fixups.add(new Fixup(touch, a.here(), slow));

    CapabilityCode.find(a, slow);
    a.test32(Memory.base(R8, PERMISSIONS), imm(Permissions.CALL));
    a.jcc(EQUAL, slow);
    a.alu32(CMP, Memory.base(R8, SEAL), imm(SEALED_FOR_CALLS));
    a.jcc(NOT_EQUAL, slow);
    a.mov64(R9, Memory.base(R8, BASE));
    // Still the same capability: what was read was its own, and the base is that of a list.
    a.alu64(CMP, RDI, Memory.base(R8, HANDLE));
    a.jcc(NOT_EQUAL, slow);
    a.test64(R9, R9);
    a.jcc(EQUAL, slow);
    takeContext(a, noContext);
    // Still valid: the list is the function's, and a revocation from here on finds the context
    // taken.
    a.alu64(CMP, RDI, Memory.base(R8, HANDLE));
    a.jcc(NOT_EQUAL, returnContext);
    a.alu64(CMP, R9, Memory.base(R10, CALL_TARGET));
    a.jcc(NOT_EQUAL, returnContext);
    a.alu32(CMP, Memory.base(R10, KICK_PENDING), imm(0));
    a.jcc(NOT_EQUAL, returnContext);

    saveCaller(a);
    switchToCallee(a);
    // The handler passes a kick of the caller's on from here; one that came before is passed on
    // now.
    a.mov32(RAX, Memory.base(R11, KICK_PENDING));
    a.alu32(OR, Memory.fs(KICK_PENDING), RAX);
    Label noStack = new Label();
    pushReturnAddress(a, noStack);
    enterFunction(a);

    // The caller's control word must be as it was after the call; only the usual one is known to
    // be.
    a.bind(x87Used);
    a.fnstcw(Memory.fs(VdsoCode.RESULT));
    a.movzx16(RAX, Memory.fs(VdsoCode.RESULT));
    a.alu32(CMP, RAX, imm(PassageCode.DEFAULT_X87_CONTROL));
    a.jcc(NOT_EQUAL, slow);
    a.jmp(x87Checked);
    a.bind(noStack);
    a.mov64(RAX, Memory.base(R11, SLOT_BASE));
    a.wrfsbase(R11);
    a.wrgsbase(RAX);

    a.bind(returnContext);
    // Nothing runs on it that a kick could be for; left there, it would send every call this way.
    a.mov32(Memory.base(R10, KICK_PENDING), imm(0));
    a.mov64(Memory.base(R10, CALLER), imm((int) LentContext.FREE));
    a.bind(noContext);
    CapabilityCode.clear(a, RCX);
    a.bind(slow);
    CapabilityCode.finishInJava(a, passage, CapabilityRoutine.CP_CALL.systemCallNumber());
  }

  /** Copies the words into the caller's context, where nobody can change them any more. */
  private void readWords(Assembler a, Label slow) {
    Label start = a.here();
    for (int i = 0; i < ARGUMENTS.length; i++) {
      a.mov64(R11, Memory.guest(RSI, WORD * i));
      a.mov64(Memory.fs(CALL_WORDS + WORD * i), R11);
    }
    fixups.add(new Fixup(start, a.here(), slow));
  }

  /** Takes a free context of the list in r9; leaves it in r10, and the caller's own in r11. */
  private static void takeContext(Assembler a, Label none) {
    // Who waits in Java goes first.
    a.alu32(CMP, Memory.base(R9, CallTarget.WAITERS), imm(0));
    a.jcc(NOT_EQUAL, none);
    a.mov64(R11, Memory.fs(SELF));
    a.mov32(RCX, Memory.base(R9, CallTarget.COUNT));
    Label next = a.here();
    a.alu32(SUB, RCX, imm(1));
    a.jcc(BELOW, none);
    a.mov64(R10, Memory.indexed(R9, RCX, WORD, CallTarget.CONTEXTS));
    a.alu64(CMP, Memory.base(R10, CALLER), imm((int) LentContext.FREE));
    a.jcc(NOT_EQUAL, next);
    CapabilityCode.clear(a, RAX);
    a.lock();
    a.cmpxchg64(Memory.base(R10, CALLER), R11);
    a.jcc(NOT_EQUAL, next);
  }

  /**
   * Saves what the caller gets back. If Java has to end the call, it finds the caller asking for
   * that; vector registers and the others are the callee's to destroy, and stay as an earlier exit
   * saved them.
   */
  private static void saveCaller(Assembler a) {
    for (int register : PRESERVED) {
      a.mov64(Memory.fs(gpr(register)), register);
    }
    for (int argument : new int[] {RDI, RSI, RDX}) {
      a.mov64(Memory.fs(gpr(argument)), argument);
    }
    a.mov64(Memory.fs(gpr(RAX)), imm(CapabilityRoutine.CP_CALL_CONTINUE));
    a.lea32(RAX, Memory.base(RSP, WORD));
    a.mov64(Memory.fs(gpr(RSP)), RAX);
    a.mov64(Memory.fs(FLAGS), imm(DEFAULT_FLAGS));
    a.stmxcsr(Memory.fs(MXCSR));
    a.mov64(Memory.fs(CALLEE), R10);
  }

  /** Invariant: the context in r10 has what any exit needs before FS points to it. */
  private static void switchToCallee(Assembler a) {
    a.mov64(RAX, Memory.fs(HOST_RSP));
    a.mov64(Memory.base(R10, HOST_RSP), RAX);
    a.mov64(RAX, Memory.fs(HOST_FS));
    a.mov64(Memory.base(R10, HOST_FS), RAX);
    a.mov32(RAX, Memory.fs(HOST_MXCSR));
    a.mov32(Memory.base(R10, HOST_MXCSR), RAX);
    a.mov64(RAX, Memory.base(R10, SLOT_BASE));
    a.wrfsbase(R10);
    a.wrgsbase(RAX);
  }

  private void pushReturnAddress(Assembler a, Label fault) {
    a.mov32(RCX, Memory.fs(CALL_STACK));
    a.mov64(RAX, Memory.fs(CALL_RETURN));
    Label store = a.here();
    a.mov64(Memory.guest(RCX, 0), RAX);
    fixups.add(new Fixup(store, a.here(), fault));
  }

  /** Makes everything the callee's, and goes to the function; the caller's context is in r11. */
  private void enterFunction(Assembler a) {
    Label x87Used = new Label();
    a.alu8(CMP, Memory.base(R11, X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Clean = a.here();
    // Invariant: rsp = B + guest sp, once the tail has added its word.
    a.mov64(RAX, Memory.fs(SLOT_BASE));
    a.lea64(RSP, Memory.indexed(RAX, RCX, 1, -WORD));
    copy(a, CALL_TLS_BASE, TLS_BASE);
    copy(a, CALL_GS_BASE, GS_BASE);
    copy(a, CALL_FUNCTION, VdsoCode.RETURN_PC);
    a.mov32(Memory.fs(MXCSR), imm(DEFAULT_MXCSR));
    a.ldmxcsr(Memory.fs(MXCSR));
    a.vzeroall();
    a.cld();
    for (int i = 0; i < ARGUMENTS.length; i++) {
      a.mov64(ARGUMENTS[i], Memory.base(R11, CALL_WORDS + WORD * i));
    }
    CapabilityCode.clear(a, RAX, R10);
    CapabilityCode.clear(a, PRESERVED);
    a.jmp(vdso.tailStart);

    // The C calling convention keeps nothing in x87 registers across a call, so that the caller
    // goes
    // on as if it had not used them.
    a.bind(x87Used);
    clearX87(a);
    a.mov8(Memory.base(R11, X87_USED), imm(0));
    a.mov64(Memory.base(R11, X87), imm(PassageCode.DEFAULT_X87_CONTROL));
    a.jmp(x87Clean);
  }

  private static void copy(Assembler a, int from, int to) {
    a.mov64(RAX, Memory.fs(from));
    a.mov64(Memory.fs(to), RAX);
  }

  /** Initial state, registers zeroed: the header behind the image says that nothing is in it. */
  private static void clearX87(Assembler a) {
    a.movImmediate32(RAX, XSAVE_X87);
    a.movImmediate32(RDX, 0);
    a.xrstor64(Memory.fs(X87));
  }

  private void emitReturn(Assembler a) {
    Label byJava = new Label();
    Label x87Used = new Label();
    Label badResult = new Label();
    Label wake = new Label();
    a.align(64);
    a.bind(giveBack);
    a.mov64(R11, Memory.fs(CALLER));
    a.alu64(CMP, R11, imm((int) LentContext.TAKEN));
    a.jcc(BELOW_OR_EQUAL, byJava);
    a.alu8(CMP, Memory.fs(X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Clean = a.here();
    a.mov64(R10, Memory.fs(SELF));
    a.mov64(R8, Memory.fs(CALL_TARGET));
    a.mov64(R9, Memory.base(R11, SLOT_BASE));
    a.wrfsbase(R11);
    a.wrgsbase(R9);
    // A kick of the callee's has nothing to do any more.
    a.mov32(Memory.base(R10, KICK_PENDING), imm(0));
    a.mov64(Memory.base(R10, CALLER), imm((int) LentContext.FREE));
    // Without a fence, so that a caller that begins to wait in this moment may be missed; it looks
    // again by itself.
    a.mov32(RSI, Memory.base(R8, CallTarget.WAITERS));
    a.ldmxcsr(Memory.fs(MXCSR));
    a.vzeroall();
    a.cld();
    a.mov64(RDX, Memory.fs(gpr(RDX)));
    Label store = a.here();
    a.mov64(Memory.guest(RDX, 0), RAX);
    fixups.add(new Fixup(store, a.here(), badResult));
    CapabilityCode.clear(a, RAX);
    Label stored = a.here();
    for (int register : PRESERVED) {
      a.mov64(register, Memory.fs(gpr(register)));
    }
    // Invariant: rsp = B + guest sp, once the tail has added its word.
    a.mov32(RCX, Memory.fs(gpr(RSP)));
    a.lea64(RSP, Memory.indexed(R9, RCX, 1, -WORD));
    a.test32(RSI, RSI);
    a.jcc(NOT_EQUAL, wake);
    CapabilityCode.clear(a, RCX, RDX, RSI, RDI, R8, R9, R10);
    a.jmp(vdso.tailStart);

    a.bind(x87Used);
    a.mov64(R8, RAX);
    clearX87(a);
    a.mov8(Memory.fs(X87_USED), imm(0));
    a.mov64(RAX, R8);
    a.jmp(x87Clean);
    a.bind(badResult);
    a.movImmediate64(RAX, -EFAULT);
    a.jmp(stored);
    a.bind(wake);
    a.mov64(RDI, Memory.fs(gpr(RDI)));
    a.mov64(RSI, RAX);
    CapabilityCode.clear(a, RCX, RDX);
    CapabilityCode.finishInJava(a, passage, CapabilityRoutine.CP_CALL_WAKE);

    // Not a call that began in machine code: the library OS knows whether it is one at all.
    a.bind(byJava);
    vdso.readReturnPc(a);
    a.mov64(RDI, RAX);
    CapabilityCode.clear(a, RCX);
    CapabilityCode.finishInJava(a, passage, CapabilityRoutine.CP_CALL_RETURN.systemCallNumber());
  }
}
