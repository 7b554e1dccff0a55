package org.capvm.monitor.gate;

import static org.capvm.machine.layout.ContextLayout.CALLEE;
import static org.capvm.machine.layout.ContextLayout.CALLER;
import static org.capvm.machine.layout.ContextLayout.CAPABILITIES;
import static org.capvm.machine.layout.ContextLayout.EXIT_REASON;
import static org.capvm.machine.layout.ContextLayout.FAULT_CODE;
import static org.capvm.machine.layout.ContextLayout.FAULT_RIP;
import static org.capvm.machine.layout.ContextLayout.FAULT_SIGNAL;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.ContextLayout.RAW_FLAGS;
import static org.capvm.machine.layout.ContextLayout.RAW_R11;
import static org.capvm.machine.layout.ContextLayout.SPILL;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.capvm.machine.code.CodeUser;
import org.capvm.machine.code.Translations;
import org.capvm.machine.host.HostThread;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.ExitReason;
import org.capvm.machine.layout.TrapKind;
import org.capvm.machine.translate.CodeLocation;
import org.capvm.machine.translate.RegisterFixup;
import org.capvm.monitor.capability.CapabilityTable;
import org.capvm.monitor.fault.FaultHandlers;
import org.capvm.monitor.memory.Slot;

/**
 * A platform thread that runs a guest.
 *
 * <p>Threads: created, run and closed on one platform thread, its own; {@link #kick} may be called
 * from any thread.
 */
public final class GuestThread implements ContextUser, CodeUser, AutoCloseable {
  /** The trap flag: a trap after the next instruction. */
  private static final long TRAP_FLAG = 1 << 8;

  /** {@code si_code} of SIGTRAP for the trap flag. */
  private static final int TRAP_TRACE = 2;

  private static final int MISS = 0;

  /** Beside the gate's reasons: the guest is between two instructions, at the context's pc. */
  private static final int AT_BOUNDARY = -1;

  /** No exit waits to be dealt with. */
  private static final int NONE = -2;

  private final Gate gate;
  private final Turns turns = Turns.ofCurrentThread();
  private final Thread thread = Thread.currentThread();
  private final int processId = HostThread.getpid();
  private final int threadId = HostThread.gettid();
  private final HostSignalState signalState;
  private final long address;
  private final Context context;
  private Translations translations;

  /** The reason of an exit that was made elsewhere and is to be dealt with here, or NONE. */
  private int takenOver = NONE;

  private FaultAnswer faultAnswer = context -> FaultAnswer.Resolution.NOT_RESOLVED;

  /** Guards {@link #closed}: a kick must not reach a thread that is not a guest thread any more. */
  private final Object kickLock = new Object();

  private boolean closed;

  /** See {@link #passages}: its own thread's to change. */
  private final AtomicLong passages = new AtomicLong();

  /**
   * Makes the calling thread a guest thread. It blocks all signals but faults and kicks.
   *
   * @param slot the address space it runs in
   * @param translations the code of that address space
   */
  public GuestThread(Gate gate, Slot slot, Translations translations) {
    if (thread.isVirtual()) {
      throw new IllegalStateException("a virtual thread cannot run a guest");
    }
    this.gate = gate;
    signalState = new HostSignalState(gate.signalStacks());
    address = gate.contexts().allocate();
    context = new Context(address);
    gate.contexts().enter(address, this);
    gate.attach(address);
    turns.last = this;
    enterSlot(slot, translations);
  }

  /** The guest's registers, to be read and changed between visits. */
  public Context context() {
    return context;
  }

  /** Sets who is asked about faults before they are reported. */
  public void setFaultAnswer(FaultAnswer answer) {
    faultAnswer = answer;
  }

  /** Makes the thread run in another address space from the next visit on. Registers stay. */
  public void enterSlot(Slot slot, Translations newTranslations) {
    if (translations != null) {
      translations.leave(this);
    }
    context.setSlotBase(slot.hostBase());
    translations = newTranslations;
    translations.enter(this);
    // Of a call that was cut short before it went on.
    takenOver = NONE;
  }

  /** Lets the guest use a table of capabilities without an exit. */
  public void useCapabilities(CapabilityTable table) {
    RawMemory.putLong(address + CAPABILITIES, table.hostAddress());
  }

  /** The context that the guest's last call in machine code ran on, unless that is gone. */
  public Optional<LentContext> lastCallee() {
    return gate.contexts().lastCalleeOf(address);
  }

  /**
   * The context that the call runs on which this thread's guest has begun in machine code, if there
   * is one; it is Java's from now on, so that the call goes on with {@link #takeOver} or ends.
   */
  public Optional<LentContext> takeCall() {
    Optional<LentContext> callee = gate.contexts().calleeOf(address);
    callee.ifPresent(LentContext::takeCall);
    return callee;
  }

  /**
   * Makes the next {@link #run} go on with a call where it left its context.
   *
   * @param from given by {@link #takeCall} on this host thread; not read after this
   */
  public void takeOver(LentContext from) {
    boolean callsItself = gate.contexts().calleeOf(from.address()).isPresent();
    context.copyStateFrom(from.address());
    if (callsItself) {
      RawMemory.putLong(RawMemory.getLong(address + CALLEE) + CALLER, address);
    }
    takenOver =
        callsItself
            ? ExitReason.SYSTEM_CALL.code()
            : RawMemory.getInt(from.address() + EXIT_REASON);
  }

  /** Whether {@link #run} will deal with an exit first, so that registers are not to be changed. */
  public boolean hasTakenOver() {
    return takenOver != NONE;
  }

  /**
   * Runs the guest until something is to be done outside.
   *
   * <p>Code that is not translated yet is translated on the way. Reasons returned:
   *
   * <ul>
   *   <li>SYSTEM_CALL: the context's pc is that of the next instruction.
   *   <li>FAULT: the {@link FaultAnswer} did not resolve a fault; the context has the fault's
   *       signal, code and address; its registers are those before the instruction at its pc.
   *   <li>TRAP: the context's trap kind says which.
   *   <li>EMULATE: the instruction at the context's pc is for the library OS.
   *   <li>KICK: {@link #kick} was called since the last KICK; the guest is between two
   *       instructions.
   * </ul>
   *
   * @throws IllegalStateException if the guest was somewhere it cannot be: a broken invariant
   */
  public ExitReason run() {
    if (Thread.currentThread() != thread) {
      throw new IllegalStateException("not the guest's thread");
    }
    if (turns.last != this) {
      takeTurn();
    }
    begin();
    try {
      return pass();
    } finally {
      end();
    }
  }

  /** The thread, or with a context that it lends another one, may be in translations. */
  void begin() {
    passages.set(passages.getPlain() + 1);
  }

  /** Neither is any more. */
  void end() {
    passages.lazySet(passages.getPlain() + 1);
  }

  @Override
  public long passages() {
    return passages.get();
  }

  private ExitReason pass() {
    int reason = takenOver;
    if (reason == NONE) {
      reason = gate.enter(address);
    } else {
      takenOver = NONE;
    }
    while (reason != ExitReason.SYSTEM_CALL.code()) {
      switch (reason) {
        case PassageCode.RAW_FAULT -> {
          if (faultRip() == 0) {
            context.setPc(missedPc());
            reason = AT_BOUNDARY;
          } else {
            switch (faultAnswer.to(context)) {
              case NOT_RESOLVED -> {
                return reportedFault();
              }
              case RETRY -> reason = resume(0);
              case STEP -> reason = step();
            }
          }
        }
        case PassageCode.RAW_KICK -> {
          reason = stepToBoundary();
          if (reason == AT_BOUNDARY) {
            return reportedKick();
          }
        }
        case MISS -> reason = AT_BOUNDARY;
        case AT_BOUNDARY -> {
          if (translations.resolve(context.pc()) == 0) {
            context.setTrapKind(TrapKind.NOT_EXECUTABLE);
            return ExitReason.TRAP;
          }
          reason = gate.enter(address);
        }
        default -> {
          ExitReason exit = ExitReason.ofCode(reason);
          return exit == ExitReason.KICK ? reportedKick() : exit;
        }
      }
    }
    return ExitReason.SYSTEM_CALL;
  }

  /** Sees to it that nothing of the guest that ran here before is left in x87 registers. */
  private void takeTurn() {
    GuestThread previous = turns.last;
    turns.last = this;
    context.forgetLiveX87();
    if (!context.usesX87() && (previous == null || previous.context.usesX87())) {
      gate.attach(address);
    }
  }

  /** The state before the guest instruction that faulted. */
  private ExitReason reportedFault() {
    long rip = faultRip();
    if (!gate.holds(rip)) {
      CodeLocation location = locate(rip);
      repair(location.fixup());
      context.setPc(location.guestPc());
    }
    return ExitReason.FAULT;
  }

  private ExitReason reportedKick() {
    RawMemory.getAndSetInt(address + KICK_PENDING, 0);
    return ExitReason.KICK;
  }

  /** Goes on at the very host instruction that the guest was stopped at. */
  private int resume(long moreFlags) {
    RawMemory.putLong(address + RAW_FLAGS, context.flags() | moreFlags);
    return gate.resume(address);
  }

  /** Runs one host instruction, and those up to the next instruction boundary. */
  private int step() {
    int reason = resume(TRAP_FLAG);
    return reason == PassageCode.RAW_FAULT && isSingleStep() ? stepToBoundary() : reason;
  }

  /**
   * Brings a stopped guest to an instruction boundary, one host instruction at a time, and sets its
   * pc. Anything else that happens on the way is the result instead.
   */
  private int stepToBoundary() {
    while (true) {
      long rip = faultRip();
      if (rip == 0) {
        context.setPc(missedPc());
        return AT_BOUNDARY;
      }
      // A vDSO routine is not stepped through: the trap flag is dropped there, and its end sees the
      // kick.
      if (!gate.holds(rip)) {
        CodeLocation location = locate(rip);
        if (location.restartable()) {
          context.setPc(location.guestPc());
          return AT_BOUNDARY;
        }
      }
      int reason = resume(TRAP_FLAG);
      if (reason == MISS) {
        return AT_BOUNDARY;
      }
      boolean stepped = reason == PassageCode.RAW_FAULT && isSingleStep();
      if (reason != PassageCode.RAW_KICK && !stepped) {
        return reason;
      }
    }
  }

  private boolean isSingleStep() {
    return RawMemory.getInt(address + FAULT_SIGNAL) == FaultHandlers.SIGTRAP
        && RawMemory.getInt(address + FAULT_CODE) == TRAP_TRACE;
  }

  private long faultRip() {
    return RawMemory.getLong(address + FAULT_RIP);
  }

  /** The pc whose branch-table entry was empty: r11 held its complement. */
  private long missedPc() {
    return ~RawMemory.getLong(address + RAW_R11) & 0xFFFF_FFFFL;
  }

  private CodeLocation locate(long rip) {
    CodeLocation location = translations.locate(rip);
    if (location == null) {
      throw new IllegalStateException(
          "a guest was at 0x" + Long.toHexString(rip) + ", where no translation is");
    }
    return location;
  }

  /** Gives the guest back the registers that a sequence of the translator had borrowed. */
  private void repair(RegisterFixup fixup) {
    for (int bits = fixup.stripped(); bits != 0; bits &= bits - 1) {
      int register = Integer.numberOfTrailingZeros(bits);
      context.setGpr(register, context.gpr(register) & 0xFFFF_FFFFL);
    }
    List<Integer> spilled = fixup.spilled();
    for (int word = 0; word < spilled.size(); word++) {
      context.setGpr(spilled.get(word), RawMemory.getLong(address + SPILL + 8L * word));
    }
  }

  /**
   * Makes {@link #run} return KICK soon: at once if the guest runs, at its next call if not. Kicks
   * that come before that count as one. A blocking call to the host that the thread is in returns
   * EINTR. Does nothing after {@link #close}.
   */
  public void kick() {
    synchronized (kickLock) {
      if (!closed) {
        // The flag first: a handler that finds it unset knows the kick for answered.
        RawMemory.putIntVolatile(address + KICK_PENDING, 1);
        if (Thread.currentThread() != thread) {
          // The thread itself is not in translated code, and looks at the flag before it goes
          // there.
          HostThread.tgkill(processId, threadId, FaultHandlers.KICK_SIGNAL);
        }
      }
    }
  }

  /** Makes the thread look for what is pending in the contexts of its calls. */
  void signal() {
    synchronized (kickLock) {
      if (!closed) {
        HostThread.tgkill(processId, threadId, FaultHandlers.KICK_SIGNAL);
      }
    }
  }

  /** Makes the thread an ordinary one again. Must be called on it. */
  @Override
  public void close() {
    if (Thread.currentThread() != thread) {
      throw new IllegalStateException("not the guest's thread");
    }
    synchronized (kickLock) {
      if (closed) {
        return;
      }
      closed = true;
    }
    if (turns.last == this) {
      turns.last = null;
    }
    translations.leave(this);
    signalState.restore();
    context.close();
    gate.contexts().release(address);
  }
}
