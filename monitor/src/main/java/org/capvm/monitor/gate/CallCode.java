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
import static org.capvm.machine.layout.ContextLayout.CURRENT;
import static org.capvm.machine.layout.ContextLayout.FLAGS;
import static org.capvm.machine.layout.ContextLayout.GS_BASE;
import static org.capvm.machine.layout.ContextLayout.HOST_MXCSR;
import static org.capvm.machine.layout.ContextLayout.HOST_RSP;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.ContextLayout.MXCSR;
import static org.capvm.machine.layout.ContextLayout.PC;
import static org.capvm.machine.layout.ContextLayout.RETURN_PC;
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
import org.capvm.machine.layout.ContextLayout;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.fault.Fixup;

/**
 * Machine code that takes a guest's thread into a function of another cVM and back.
 *
 * <p>The caller arrives through its branch table as at any function. Its registers that must
 * survive go to its context; a {@link LentContext}, found through the capability, becomes the
 * current one, and GS its slot's; the function runs there as any guest does, and returns to the
 * second routine. Any exit on the way is the callee's context's, and reaches Java as if the caller
 * had asked for {@link CapabilityRoutine#CP_CALL_CONTINUE} after its call.
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
  private final ThreadFields thread;
  private final SegmentBases bases;
  private final CapabilityCode capabilities;
  private final VdsoCode vdso;

  /** Emits both routines. */
  CallCode(
      Assembler a,
      ThreadFields thread,
      SegmentBases bases,
      CapabilityCode capabilities,
      VdsoCode vdso) {
    this.thread = thread;
    this.bases = bases;
    this.capabilities = capabilities;
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
    // A deadline needs a timer.
    a.test64(RCX, RCX);
    a.jcc(NOT_EQUAL, slow);
    Label x87Used = new Label();
    a.alu8(CMP, thread.at(X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Checked = a.here();
    readWords(a, slow);
    // Before the call, so that a bad place for the result has no effect on the callee.
    Label touch = a.here();
    a.mov64(Memory.guest(RDX, 0), RCX);
    fixups.add(new Fixup(touch, a.here(), slow));

    capabilities.find(a, slow);
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
    a.alu32(OR, Memory.base(R10, KICK_PENDING), RAX);
    Label noStack = new Label();
    pushReturnAddress(a, noStack);
    enterFunction(a);

    // The caller's control word must be as it was after the call; only the usual one is known to
    // be.
    a.bind(x87Used);
    a.mov64(R11, thread.at(CURRENT));
    a.fnstcw(Memory.base(R11, VdsoCode.RESULT));
    a.movzx16(RAX, Memory.base(R11, VdsoCode.RESULT));
    a.alu32(CMP, RAX, imm(PassageCode.DEFAULT_X87_CONTROL));
    a.jcc(NOT_EQUAL, slow);
    a.jmp(x87Checked);
    a.bind(noStack);
    makeCurrent(a, R11);

    a.bind(returnContext);
    // Nothing runs on it that a kick could be for; left there, it would send every call this way.
    a.mov32(Memory.base(R10, KICK_PENDING), imm(0));
    a.mov64(Memory.base(R10, CALLER), imm((int) LentContext.FREE));
    a.bind(noContext);
    CapabilityCode.clear(a, RCX);
    a.bind(slow);
    capabilities.finishInJava(a, CapabilityRoutine.CP_CALL.systemCallNumber());
  }

  /** Copies the words into the caller's context, where nobody can change them any more. */
  private void readWords(Assembler a, Label slow) {
    a.mov64(R8, thread.at(CURRENT));
    Label start = a.here();
    for (int i = 0; i < ARGUMENTS.length; i++) {
      a.mov64(R11, Memory.guest(RSI, WORD * i));
      a.mov64(Memory.base(R8, CALL_WORDS + WORD * i), R11);
    }
    fixups.add(new Fixup(start, a.here(), slow));
  }

  /** Takes a free context of the list in r9; leaves it in r10, and the caller's own in r11. */
  private void takeContext(Assembler a, Label none) {
    // Who waits in Java goes first.
    a.alu32(CMP, Memory.base(R9, CallTarget.WAITERS), imm(0));
    a.jcc(NOT_EQUAL, none);
    a.mov64(R11, thread.at(CURRENT));
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
  private void saveCaller(Assembler a) {
    for (int register : PRESERVED) {
      a.mov64(Memory.base(R11, gpr(register)), register);
    }
    for (int argument : new int[] {RDI, RSI, RDX}) {
      a.mov64(Memory.base(R11, gpr(argument)), argument);
    }
    a.mov32(RAX, thread.at(PC));
    a.mov32(Memory.base(R11, PC), RAX);
    a.mov64(Memory.base(R11, gpr(RAX)), imm(CapabilityRoutine.CP_CALL_CONTINUE));
    a.lea32(RAX, Memory.base(RSP, WORD));
    a.mov64(Memory.base(R11, gpr(RSP)), RAX);
    a.mov64(Memory.base(R11, FLAGS), imm(DEFAULT_FLAGS));
    a.stmxcsr(Memory.base(R11, MXCSR));
    a.mov64(Memory.base(R11, CALLEE), R10);
  }

  /** Invariant: the context in r10 has what any exit needs before it is the current one. */
  private void switchToCallee(Assembler a) {
    a.mov64(RAX, Memory.base(R11, HOST_RSP));
    a.mov64(Memory.base(R10, HOST_RSP), RAX);
    a.mov32(RAX, Memory.base(R11, HOST_MXCSR));
    a.mov32(Memory.base(R10, HOST_MXCSR), RAX);
    makeCurrent(a, R10);
  }

  /**
   * Makes a context the current one, and its slot the thread's. Guest r11, whose home is the
   * thread's, goes over to nobody.
   */
  private void makeCurrent(Assembler a, int context) {
    a.mov64(RCX, Memory.base(context, SLOT_BASE));
    a.mov64(thread.at(CURRENT), context);
    a.mov64(thread.at(ContextLayout.R11), imm(0));
    bases.setGs(a, thread);
  }

  private void pushReturnAddress(Assembler a, Label fault) {
    a.mov32(RCX, Memory.base(R10, CALL_STACK));
    a.mov64(RAX, Memory.base(R10, CALL_RETURN));
    Label store = a.here();
    a.mov64(Memory.guest(RCX, 0), RAX);
    fixups.add(new Fixup(store, a.here(), fault));
  }

  /** Makes everything the callee's, and goes to the function; the caller's context is in r11. */
  private void enterFunction(Assembler a) {
    Label x87Used = new Label();
    a.alu8(CMP, thread.at(X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Clean = a.here();
    // Invariant: rsp = B + guest sp, once the tail has added its word.
    a.mov64(RAX, thread.at(SLOT_BASE));
    a.lea64(RSP, Memory.indexed(RAX, RCX, 1, -WORD));
    setField(a, R10, CALL_TLS_BASE, TLS_BASE);
    setField(a, R10, CALL_GS_BASE, GS_BASE);
    setField(a, R10, CALL_FUNCTION, PC);
    setField(a, R10, CALL_FUNCTION, RETURN_PC);
    a.mov32(Memory.base(R10, MXCSR), imm(DEFAULT_MXCSR));
    a.ldmxcsr(Memory.base(R10, MXCSR));
    a.vzeroall();
    a.cld();
    for (int i = 0; i < ARGUMENTS.length; i++) {
      a.mov64(ARGUMENTS[i], Memory.base(R11, CALL_WORDS + WORD * i));
    }
    CapabilityCode.clear(a, RAX, R10);
    CapabilityCode.clear(a, PRESERVED);
    a.jmp(vdso.tailStart);

    // The C calling convention keeps nothing in x87 registers across a call, so that the caller
    // goes on as if it had not used them.
    a.bind(x87Used);
    clearX87(a);
    a.mov8(Memory.base(R11, X87_USED), imm(0));
    a.mov8(thread.at(X87_USED), imm(0));
    a.mov64(Memory.base(R11, X87), imm(PassageCode.DEFAULT_X87_CONTROL));
    a.jmp(x87Clean);
  }

  /** Sets a field of the context that goes on, and the thread's, from one of its own. */
  private void setField(Assembler a, int context, int from, int to) {
    a.mov64(RCX, Memory.base(context, from));
    a.mov64(Memory.base(context, to), RCX);
    a.mov64(thread.at(to), RCX);
  }

  /** Initial state, registers zeroed: the header behind the image says that nothing is in it. */
  private static void clearX87(Assembler a) {
    a.movImmediate32(RAX, XSAVE_X87);
    a.movImmediate32(RDX, 0);
    a.xrstor64(Memory.base(R10, X87));
  }

  private void emitReturn(Assembler a) {
    Label byJava = new Label();
    Label x87Used = new Label();
    Label badResult = new Label();
    Label wake = new Label();
    a.align(64);
    a.bind(giveBack);
    a.mov64(R10, thread.at(CURRENT));
    a.mov64(R11, Memory.base(R10, CALLER));
    a.alu64(CMP, R11, imm((int) LentContext.TAKEN));
    a.jcc(BELOW_OR_EQUAL, byJava);
    a.alu8(CMP, thread.at(X87_USED), imm(0));
    a.jcc(NOT_EQUAL, x87Used);
    Label x87Clean = a.here();
    a.mov64(R8, Memory.base(R10, CALL_TARGET));
    makeCurrent(a, R11);
    setField(a, R11, TLS_BASE, TLS_BASE);
    setField(a, R11, GS_BASE, GS_BASE);
    setField(a, R11, PC, PC);
    setField(a, R11, PC, RETURN_PC);
    // A kick of the callee's has nothing to do any more.
    a.mov32(Memory.base(R10, KICK_PENDING), imm(0));
    a.mov64(Memory.base(R10, CALLER), imm((int) LentContext.FREE));
    // Without a fence, so that a caller that begins to wait in this moment may be missed; it looks
    // again by itself.
    a.mov32(RSI, Memory.base(R8, CallTarget.WAITERS));
    a.ldmxcsr(Memory.base(R11, MXCSR));
    a.vzeroall();
    a.cld();
    a.mov64(RDX, Memory.base(R11, gpr(RDX)));
    Label store = a.here();
    a.mov64(Memory.guest(RDX, 0), RAX);
    fixups.add(new Fixup(store, a.here(), badResult));
    CapabilityCode.clear(a, RAX);
    Label stored = a.here();
    for (int register : PRESERVED) {
      a.mov64(register, Memory.base(R11, gpr(register)));
    }
    // Invariant: rsp = B + guest sp, once the tail has added its word.
    a.mov64(R9, thread.at(SLOT_BASE));
    a.mov32(RCX, Memory.base(R11, gpr(RSP)));
    a.lea64(RSP, Memory.indexed(R9, RCX, 1, -WORD));
    a.test32(RSI, RSI);
    a.jcc(NOT_EQUAL, wake);
    CapabilityCode.clear(a, RCX, RDX, RSI, RDI, R8, R9, R10);
    a.jmp(vdso.tailStart);

    a.bind(x87Used);
    a.mov64(R8, RAX);
    clearX87(a);
    a.mov8(Memory.base(R10, X87_USED), imm(0));
    a.mov8(thread.at(X87_USED), imm(0));
    a.mov64(RAX, R8);
    a.jmp(x87Clean);
    a.bind(badResult);
    a.movImmediate64(RAX, -EFAULT);
    a.jmp(stored);
    a.bind(wake);
    a.mov64(RDI, Memory.base(R11, gpr(RDI)));
    a.mov64(RSI, RAX);
    CapabilityCode.clear(a, RCX, RDX);
    capabilities.finishInJava(a, CapabilityRoutine.CP_CALL_WAKE);

    // Not a call that began in machine code: the library OS knows whether it is one at all.
    a.bind(byJava);
    vdso.readReturnPc(a);
    a.mov64(RDI, RAX);
    CapabilityCode.clear(a, RCX);
    capabilities.finishInJava(a, CapabilityRoutine.CP_CALL_RETURN.systemCallNumber());
  }
}
