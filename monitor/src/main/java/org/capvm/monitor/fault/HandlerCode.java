package org.capvm.monitor.fault;

import static org.capvm.machine.assemble.Alu.AND;
import static org.capvm.machine.assemble.Alu.CMP;
import static org.capvm.machine.assemble.Alu.SUB;
import static org.capvm.machine.assemble.Condition.ABOVE;
import static org.capvm.machine.assemble.Condition.ABOVE_OR_EQUAL;
import static org.capvm.machine.assemble.Condition.BELOW;
import static org.capvm.machine.assemble.Condition.EQUAL;
import static org.capvm.machine.assemble.Condition.NOT_EQUAL;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.layout.ContextLayout.CALLER;
import static org.capvm.machine.layout.ContextLayout.FAULT_ADDRESS;
import static org.capvm.machine.layout.ContextLayout.FAULT_CODE;
import static org.capvm.machine.layout.ContextLayout.FAULT_ERROR;
import static org.capvm.machine.layout.ContextLayout.FAULT_RIP;
import static org.capvm.machine.layout.ContextLayout.FAULT_SIGNAL;
import static org.capvm.machine.layout.ContextLayout.FAULT_TRAP_NUMBER;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;

import java.util.List;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Label;
import org.capvm.machine.assemble.Memory;

/**
 * The signal handlers' machine code.
 *
 * <p>The kernel calls a handler with the signal in edi, {@code siginfo_t *} in rsi and {@code
 * ucontext_t *} in rdx, with FS and GS as the interrupted code had them, on the thread's alternate
 * stack. Handlers use caller-saved registers, their two structures and the context; they use no
 * stack beyond the return address.
 *
 * <p>A handler that takes the signal changes the saved RIP and returns; the kernel then resumes the
 * thread there with every other register as it was. A handler that does not take it jumps to the
 * JVM's with the arguments untouched.
 */
public final class HandlerCode {
  // siginfo_t
  private static final int SI_CODE = 8;
  private static final int SI_ADDR = 16;

  // ucontext_t: the general registers start at 40, in the order of REG_R8 … REG_CR2.
  private static final int UC_RIP = 40 + 8 * 16;
  private static final int UC_FLAGS = 40 + 8 * 17;
  private static final int UC_ERROR = 40 + 8 * 19;
  private static final int UC_TRAP_NUMBER = 40 + 8 * 20;

  private static final int TRAP_FLAG = 1 << 8;
  private static final int ALIGNMENT_CHECK_FLAG = 1 << 18;
  private static final int NEVER_IN_MONITOR_CODE = TRAP_FLAG | ALIGNMENT_CHECK_FLAG;

  private static final int SIGTRAP = 5;

  /** Signal numbers that the table of the JVM's handlers has room for. */
  private static final int SIGNALS = 32;

  /**
   * Where things are that handlers compare RIP with.
   *
   * @param gateAddress host address of the gate area, in which the handlers are too
   * @param gateBytes its length; translations follow
   * @param translationBytes bytes of translations after the gate area
   */
  public record Ranges(long gateAddress, int gateBytes, long translationBytes) {}

  /**
   * Where a kick goes that arrives in gate code.
   *
   * @param redirections stretches in which a kick must not be lost, and where the thread goes on
   *     instead
   * @param tailJump the jump out of a vDSO routine: there the guest is as it will be after it
   */
  public record KickPoints(List<Fixup> redirections, Label tailJump) {}

  private final Memory currentContext;
  private final Ranges ranges;
  private final Label fault = new Label();
  private final Label kick = new Label();

  /**
   * Emits both handlers.
   *
   * @param currentContext where a thread keeps the host address of the context that runs on it
   * @param fixups where monitor code may fault on guest memory
   * @param faultExit where a guest that faulted leaves
   * @param kickExit where a guest that was kicked leaves
   * @param jvmHandlers the JVM's handlers by signal number, 0 for signals not handled here
   */
  public HandlerCode(
      Assembler a,
      Memory currentContext,
      Ranges ranges,
      List<Fixup> fixups,
      KickPoints kickPoints,
      Label faultExit,
      Label kickExit,
      long[] jvmHandlers) {
    this.currentContext = currentContext;
    this.ranges = ranges;
    emitFaultHandler(a, fixups, faultExit, jvmHandlers);
    emitKickHandler(a, kickPoints, kickExit);
  }

  /** The handler of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGTRAP. */
  public Label fault() {
    return fault;
  }

  /** The handler of the kick signal. */
  public Label kick() {
    return kick;
  }

  private void emitFaultHandler(
      Assembler a, List<Fixup> fixups, Label faultExit, long[] jvmHandlers) {
    Label guest = new Label();
    Label host = new Label();
    a.align(16);
    a.bind(fault);
    jumpIfGuestRip(a, guest);
    // r9 = RIP's offset in the gate area.
    a.alu64(CMP, R9, imm(ranges.gateBytes()));
    a.jcc(ABOVE_OR_EQUAL, host);
    for (Fixup fixup : fixups) {
      Label next = new Label();
      jumpUnlessInside(a, fixup, next);
      // Recorded for guests only: the copier runs in the host, and has no context.
      recordIfGuest(a);
      redirect(a, fixup.target());
      a.ret();
      a.bind(next);
    }
    // Single-stepping a guest ends at the gate: the way out is not to be stepped through.
    a.alu32(CMP, RDI, imm(SIGTRAP));
    a.jcc(NOT_EQUAL, host);
    jumpUnlessInGuest(a, host);
    a.alu32(AND, Memory.base(RDX, UC_FLAGS), imm(~NEVER_IN_MONITOR_CODE));
    a.ret();

    a.bind(guest);
    // RIP alone is not proof: the JVM may call through a null pointer too.
    jumpUnlessInGuest(a, host);
    record(a);
    redirect(a, faultExit);
    a.ret();

    a.bind(host);
    Label table = new Label();
    a.lea64(RCX, table);
    a.jmp(Memory.indexed(RCX, RDI, 8, 0));
    a.align(8);
    a.bind(table);
    for (int signal = 0; signal < SIGNALS; signal++) {
      a.int64(signal < jvmHandlers.length ? jvmHandlers[signal] : 0);
    }
  }

  private void emitKickHandler(Assembler a, KickPoints points, Label kickExit) {
    Label guest = new Label();
    Label ignore = new Label();
    a.align(16);
    a.bind(kick);
    // In host code the pending flag is enough: the next entry sees it.
    jumpUnlessInGuest(a, ignore);
    // A kick of the function that runs, or of one of those whose calls led here: they are this
    // thread's, so that nobody changes the chain meanwhile. None: an earlier exit answered it.
    Label pending = new Label();
    a.mov64(R9, R8);
    Label next = a.here();
    a.alu32(CMP, Memory.base(R9, KICK_PENDING), imm(0));
    a.jcc(NOT_EQUAL, pending);
    a.mov64(R9, Memory.base(R9, CALLER));
    a.alu64(CMP, R9, imm(1)); // 0 and 1 are no contexts
    a.jcc(ABOVE, next);
    a.bind(ignore);
    a.ret();
    a.bind(pending);
    a.mov32(Memory.base(R8, KICK_PENDING), imm(1));
    jumpIfGuestRip(a, guest);
    a.alu64(CMP, R9, imm(ranges.gateBytes()));
    a.jcc(ABOVE_OR_EQUAL, ignore);
    Label notJump = new Label();
    a.alu32(CMP, R9, imm(points.tailJump().offset()));
    a.jcc(NOT_EQUAL, notJump);
    a.movImmediate32(RAX, 0); // as if it had jumped and missed
    a.jmp(guest);
    a.bind(notJump);
    for (Fixup redirection : points.redirections()) {
      Label otherwise = new Label();
      jumpUnlessInside(a, redirection, otherwise);
      redirect(a, redirection.target());
      a.ret();
      a.bind(otherwise);
    }
    a.ret();

    a.bind(guest);
    a.mov64(Memory.base(R8, FAULT_RIP), RAX);
    redirect(a, kickExit);
    a.ret();
  }

  /**
   * Leaves RIP in rax and its offset from the gate area in r9; goes on at the label if RIP is 0, an
   * empty entry of a branch table, or in a translation.
   */
  private void jumpIfGuestRip(Assembler a, Label guest) {
    a.mov64(RAX, Memory.base(RDX, UC_RIP));
    a.test64(RAX, RAX);
    a.jcc(EQUAL, guest);
    a.movImmediate64(RCX, ranges.gateAddress());
    a.mov64(R9, RAX);
    a.alu64(SUB, R9, RCX);
    a.lea64(RCX, Memory.base(R9, -ranges.gateBytes()));
    a.alu64(CMP, RCX, imm(Math.toIntExact(ranges.translationBytes())));
    a.jcc(BELOW, guest);
  }

  /** Goes on at the label if the offset in r9 is outside a stretch of gate code. */
  private static void jumpUnlessInside(Assembler a, Fixup stretch, Label otherwise) {
    a.mov32(RCX, R9);
    a.alu32(SUB, RCX, imm(stretch.start().offset()));
    a.alu32(CMP, RCX, imm(stretch.end().offset() - stretch.start().offset()));
    a.jcc(ABOVE_OR_EQUAL, otherwise);
  }

  /** Leaves the context that runs on the thread in r8; goes on at the label if none does. */
  private void jumpUnlessInGuest(Assembler a, Label otherwise) {
    a.mov64(R8, currentContext);
    a.test64(R8, R8);
    a.jcc(EQUAL, otherwise);
  }

  private void recordIfGuest(Assembler a) {
    Label noGuest = new Label();
    jumpUnlessInGuest(a, noGuest);
    record(a);
    a.bind(noGuest);
  }

  /** Fills the fault record of the context in r8; RIP is in rax. */
  private static void record(Assembler a) {
    a.mov64(Memory.base(R8, FAULT_RIP), RAX);
    a.mov32(Memory.base(R8, FAULT_SIGNAL), RDI);
    a.mov32(RCX, Memory.base(RSI, SI_CODE));
    a.mov32(Memory.base(R8, FAULT_CODE), RCX);
    a.mov64(RCX, Memory.base(RSI, SI_ADDR));
    a.mov64(Memory.base(R8, FAULT_ADDRESS), RCX);
    a.mov64(RCX, Memory.base(RDX, UC_TRAP_NUMBER));
    a.mov64(Memory.base(R8, FAULT_TRAP_NUMBER), RCX);
    a.mov64(RCX, Memory.base(RDX, UC_ERROR));
    a.mov64(Memory.base(R8, FAULT_ERROR), RCX);
  }

  /** Makes the interrupted thread go on at a label, without flags that would trap there. */
  private static void redirect(Assembler a, Label target) {
    a.lea64(RCX, target);
    a.mov64(Memory.base(RDX, UC_RIP), RCX);
    a.alu32(AND, Memory.base(RDX, UC_FLAGS), imm(~NEVER_IN_MONITOR_CODE));
  }
}
