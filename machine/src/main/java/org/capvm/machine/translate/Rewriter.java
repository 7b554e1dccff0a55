package org.capvm.machine.translate;

import static org.capvm.machine.layout.SlotLayout.MAX_STACK_DISPLACEMENT;
import static org.capvm.machine.layout.SlotLayout.MAX_STACK_STEP;

import java.util.List;
import java.util.Map;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.isa.Policy;
import org.capvm.machine.isa.Refusal;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.Gpr;
import org.capvm.machine.layout.TrapKind;

/**
 * Emits the confined form of every instruction that goes on in line. Instructions that transfer
 * control are {@link ControlFlow}'s.
 *
 * <p>Not thread-safe.
 */
final class Rewriter {
  /** State components that guests save and restore: x87, SSE, AVX. */
  private static final int GUEST_STATE_COMPONENTS = 7;

  private static final int PUSH_RBP = 0x55;

  /** How an instruction with a sequence of its own is emitted. */
  @FunctionalInterface
  private interface Sequence {
    void emit(Rewriter rewriter, Instruction instruction, byte[] code, int at, long pc);
  }

  /**
   * Every instruction of policy {@link Policy#REWRITE} that goes on in line, by mnemonic, and those
   * of policy {@link Policy#ALLOW} that have a better form than the general one.
   */
  private static final Map<String, Sequence> SEQUENCES =
      Map.ofEntries(
          Map.entry("PUSH", Rewriter::pushOrPop),
          Map.entry("POP", Rewriter::pushOrPop),
          Map.entry("PUSHF", Rewriter::emulate),
          Map.entry("POPF", Rewriter::emulate),
          Map.entry("LEAVE", Rewriter::leave),
          Map.entry("ENTER", Rewriter::enter),
          Map.entry("MOV", Rewriter::move),
          Map.entry("LEA", Rewriter::loadAddress),
          Map.entry("ADD", Rewriter::adjust),
          Map.entry("SUB", Rewriter::adjust),
          Map.entry("AND", Rewriter::adjust),
          Map.entry("NOP", Rewriter::nothing),
          Map.entry("ENDBR64", Rewriter::nothing),
          Map.entry("RDSSP", Rewriter::nothing), // guests have no shadow stack; the host might
          Map.entry("XLAT", Rewriter::impliedOperand),
          Map.entry("MASKMOVQ", Rewriter::impliedOperand),
          Map.entry("MASKMOVDQU", Rewriter::impliedOperand),
          Map.entry("VMASKMOVDQU", Rewriter::impliedOperand),
          Map.entry("BT", Rewriter::bitTest),
          Map.entry("BTS", Rewriter::bitTest),
          Map.entry("BTR", Rewriter::bitTest),
          Map.entry("BTC", Rewriter::bitTest),
          Map.entry("XSAVE", Rewriter::extendedState),
          Map.entry("XSAVE64", Rewriter::extendedState),
          Map.entry("XSAVEC", Rewriter::extendedState),
          Map.entry("XSAVEC64", Rewriter::extendedState),
          Map.entry("XSAVEOPT", Rewriter::extendedState),
          Map.entry("XSAVEOPT64", Rewriter::extendedState),
          Map.entry("XRSTOR", Rewriter::extendedState),
          Map.entry("XRSTOR64", Rewriter::extendedState),
          Map.entry("CPUID", Rewriter::emulate),
          Map.entry("XGETBV", Rewriter::emulate));

  private final Emitter emit;
  private final Confinement confinement;

  Rewriter(Emitter emit) {
    this.emit = emit;
    this.confinement = new Confinement(emit);
  }

  Confinement confinement() {
    return confinement;
  }

  /**
   * Emits an instruction that goes on in line.
   *
   * @param at where it is in {@code code}
   * @param pc its guest pc
   */
  void rewrite(Instruction instruction, byte[] code, int at, long pc) {
    emit.begin(pc);
    if (instruction.form().usesX87()) {
      emit.markX87();
    }
    if (instruction.form().isString()) {
      string(instruction, code, at, pc);
      return;
    }
    Sequence sequence = SEQUENCES.get(instruction.form().mnemonic());
    if (sequence != null) {
      sequence.emit(this, instruction, code, at, pc);
    } else if (instruction.form().policy() == Policy.ALLOW) {
      general(instruction, code, at, pc);
    } else {
      emit.trap(TrapKind.INVALID_OPCODE, pc);
    }
  }

  /**
   * Whether the library OS supplies the instruction's effect, so that control leaves and comes back
   * at the next instruction.
   */
  static boolean isEmulated(Instruction instruction) {
    return switch (instruction.form().mnemonic()) {
      case "CPUID", "XGETBV", "PUSHF", "POPF" -> true;
      default -> false;
    };
  }

  /** The trap that a refused instruction raises, at the pc that the signal reports. */
  void refuse(Instruction instruction, long pc) {
    emit.begin(pc);
    Refusal refusal = instruction.form().refusal();
    switch (refusal) {
      case NONE, INVALID_OPCODE -> emit.trap(TrapKind.INVALID_OPCODE, pc);
      case GENERAL_PROTECTION -> emit.trap(TrapKind.PRIVILEGED, pc);
      case BREAKPOINT -> emit.trap(TrapKind.BREAKPOINT, pc + instruction.length());
    }
  }

  private void general(Instruction instruction, byte[] code, int at, long pc) {
    confinement.confine(instruction, code, at, pc + instruction.length());
  }

  private void nothing(Instruction instruction, byte[] code, int at, long pc) {
    // The instruction has no effect, and its address is not accessed.
  }

  private void emulate(Instruction instruction, byte[] code, int at, long pc) {
    emit.touchStack();
    emit.exit(Translation.GateKind.EMULATE, pc);
  }

  // The stack

  private void pushOrPop(Instruction instruction, byte[] code, int at, long pc) {
    general(instruction, code, at, pc);
    emit.stackTouched();
  }

  private void leave(Instruction instruction, byte[] code, int at, long pc) {
    if (instruction.operandSizeBytes() != 8) {
      emit.trap(TrapKind.INVALID_OPCODE, pc);
      return;
    }
    emit.touchStack();
    // If the frame is not there, that shows before rsp changes.
    emit.encoder().memory(0x8b, true, Gpr.R11, Address.at(Gpr.RBP, 0), Encoder.Space.GUEST);
    emit.setStackPointer(Gpr.RBP);
    emit.pop(Gpr.RBP);
  }

  private void enter(Instruction instruction, byte[] code, int at, long pc) {
    if (instruction.operandSizeBytes() != 8) {
      emit.trap(TrapKind.INVALID_OPCODE, pc);
      return;
    }
    int level = instruction.secondImmediate() & 31;
    // If the stack is not writable there, that shows before rsp and rbp change.
    int lowest = -8 - 8 * level - (int) instruction.immediate();
    emit.encoder().memory(0x89, true, Gpr.RBP, Address.at(Gpr.RSP, -8), Encoder.Space.AS_IS);
    emit.encoder().memory(0x8b, true, Gpr.R11, Address.at(Gpr.RSP, lowest), Encoder.Space.AS_IS);
    emit.encoder().memory(0x89, true, Gpr.R11, Address.at(Gpr.RSP, lowest), Encoder.Space.AS_IS);
    emit.out().put(PUSH_RBP);
    emit.commit();
    for (int i = 1; i < level; i++) {
      // push gs:[ebp - 8 * i]: the frame pointers of the enclosing procedures.
      emit.encoder().memory(0xff, false, 6, Address.at(Gpr.RBP, -8 * i), Encoder.Space.GUEST);
    }
    // The new frame pointer is where rbp was pushed: lea ebp, [rsp + 8 * (level - 1)].
    emit.loadAddress32(Gpr.RBP, Address.at(Gpr.RSP, 8 * Math.max(0, level - 1)));
    if (level > 0) {
      emit.out().put(PUSH_RBP);
    }
    emit.moveStackPointer(-(int) instruction.immediate());
  }

  /** {@code mov} between rsp and a register, without a detour through r11. */
  private void move(Instruction instruction, byte[] code, int at, long pc) {
    if (instruction.isMoffs()) {
      absoluteMove(instruction);
      return;
    }
    List<Operand> operands = instruction.form().operands();
    Operand target = operands.get(0);
    Operand source = operands.get(1);
    boolean registers = !instruction.hasMemory() && instruction.operandSizeBytes() == 8;
    int from = registers ? instruction.register(source) : Gpr.NONE;
    if (from >= 0
        && from != Gpr.R11
        && Confinement.isRegister(instruction, target, Gpr.RSP)
        && from != Gpr.RSP) {
      emit.touchStack();
      emit.setStackPointer(from);
    } else if (from == Gpr.RSP
        && Confinement.isRegister(instruction, source, Gpr.RSP)
        && Confinement.isRegister(instruction, target, instruction.register(target))
        && instruction.register(target) != Gpr.R11
        && instruction.register(target) != Gpr.RSP) {
      emit.move32(instruction.register(target), Gpr.RSP);
    } else {
      general(instruction, code, at, pc);
    }
  }

  private void loadAddress(Instruction instruction, byte[] code, int at, long pc) {
    int target = instruction.register(instruction.form().operands().get(0));
    Address address = Address.of(instruction, pc + instruction.length());
    boolean wide = instruction.operandSizeBytes() == 8;
    if (wide && target == Gpr.RSP && address.isStackSlot(MAX_STACK_STEP)) {
      emit.touchStack();
      emit.moveStackPointer(address.displacement());
    } else if (wide
        && target == Gpr.RSP
        && address.base() != Gpr.R11
        && address.index() != Gpr.R11) {
      emit.touchStack();
      emit.loadAddress32(Gpr.RSP, address);
      emit.rebaseStackPointer();
    } else if (!wide || target == Gpr.R11 || target == Gpr.RSP) {
      general(instruction, code, at, pc);
    } else if (instruction.base() == Gpr.RIP) {
      boolean guestR11 = emit.holdsGuestR11();
      emit.moveConstant(target, address.displacement());
      if (guestR11) {
        emit.keepsGuestR11();
      }
    } else if (address.isStackSlot(MAX_STACK_DISPLACEMENT)) {
      emit.loadAddress32(target, address);
    } else {
      general(instruction, code, at, pc);
    }
  }

  /**
   * Small changes of rsp by a constant stay as they are: invariant 1 holds because each is followed
   * by a touch before the next.
   */
  private void adjust(Instruction instruction, byte[] code, int at, long pc) {
    Operand target = instruction.form().operands().get(0);
    boolean byConstant =
        instruction.immediateSize() > 0
            && !instruction.hasMemory()
            && target.registerWidth().bytes(instruction) == 8;
    if (byConstant
        && Confinement.isRegister(instruction, target, Gpr.RSP)
        && isSmallStep(instruction)) {
      emit.touchStack();
      emit.encoder().copyWithoutAddressPrefixes(instruction, code, at);
      emit.stackMoved();
    } else {
      general(instruction, code, at, pc);
    }
  }

  private static boolean isSmallStep(Instruction instruction) {
    long constant = instruction.immediate();
    if (instruction.form().mnemonic().equals("AND")) {
      return constant < 0 && constant >= -4096;
    }
    return constant >= -MAX_STACK_STEP && constant <= MAX_STACK_STEP;
  }

  // Implied memory operands

  /**
   * {@code mov r11, fs:[B]}, rebase rdi and rsi as needed, the string instruction, {@code mov edi,
   * edi; mov esi, esi}. Invariant 2: the pointers start in the slot and move page by page into the
   * guards, where the instruction faults.
   */
  private void string(Instruction instruction, byte[] code, int at, long pc) {
    int pointers = 0;
    for (Operand operand : instruction.form().operands()) {
      if (operand.role() == Operand.Role.IMPLICIT_MEMORY) {
        pointers |= Gpr.bit(operand.fixed());
      }
    }
    boolean segment =
        instruction.segmentOverride() != Instruction.SegmentOverride.NONE
            && (pointers & Gpr.bit(Gpr.RSI)) != 0;
    if (segment) {
      emit.trap(TrapKind.INVALID_OPCODE, pc);
      return;
    }
    if (instruction.addressSizeBytes() == 4 && (instruction.hasRep() || instruction.hasRepne())) {
      emit.move32(Gpr.RCX, Gpr.RCX);
    }
    emit.loadContext(Gpr.R11, ContextLayout.SLOT_BASE);
    emit.borrow(new RegisterFixup(pointers, List.of()));
    for (int register : new int[] {Gpr.RDI, Gpr.RSI}) {
      if ((pointers & Gpr.bit(register)) != 0) {
        emit.rebase(register);
      }
    }
    emit.encoder().copyWithoutAddressPrefixes(instruction, code, at);
    for (int register : new int[] {Gpr.RDI, Gpr.RSI}) {
      if ((pointers & Gpr.bit(register)) != 0) {
        emit.move32(register, register);
      }
    }
  }

  /**
   * Instructions with an implied memory operand that segment override and address-size prefixes
   * apply to: {@code xlat} reaches [rbx + al], {@code maskmovdqu} and its like [rdi]. Invariant 2.
   */
  private void impliedOperand(Instruction instruction, byte[] code, int at, long pc) {
    if (instruction.segmentOverride() != Instruction.SegmentOverride.NONE) {
      emit.trap(TrapKind.INVALID_OPCODE, pc);
      return;
    }
    emit.encoder().confineImplied(instruction, code, at);
  }

  /** {@code mov} between the accumulator and an absolute address, in ModRM form. */
  private void absoluteMove(Instruction instruction) {
    int field =
        instruction.segmentOverride() == Instruction.SegmentOverride.FS
            ? ContextLayout.TLS_BASE
            : ContextLayout.GS_BASE;
    boolean segment = instruction.segmentOverride() != Instruction.SegmentOverride.NONE;
    int displacement = (int) instruction.displacement();
    if (segment) {
      emit.loadContext(Gpr.R11, field);
    }
    Address address = segment ? Address.at(Gpr.R11, displacement) : Address.absolute(displacement);
    // A0 and A1 load, A2 and A3 store; the even ones move a byte.
    int opcode = (instruction.opcode() < 0xa2 ? 0x8a : 0x88) | (instruction.opcode() & 1);
    boolean operandSize = instruction.operandSizeBytes() == 2 && (opcode & 1) != 0;
    if (operandSize) {
      emit.out().put(0x66);
    }
    emit.encoder().memory(opcode, instruction.w(), Gpr.RAX, address, Encoder.Space.GUEST);
  }

  /**
   * {@code bt} and its like with a 64-bit bit number in a register reach memory anywhere, so the
   * bit number is reduced. Narrower ones reach 256 MiB at most, which the guards cover.
   */
  private void bitTest(Instruction instruction, byte[] code, int at, long pc) {
    if (!instruction.hasMemory()
        || instruction.immediateSize() > 0
        || instruction.operandSizeBytes() < 8) {
      general(instruction, code, at, pc);
      return;
    }
    new BitString(emit, confinement).emit(instruction, code, at, pc + instruction.length());
  }

  // Processor state

  /**
   * {@code xsave} and its like with edx:eax reduced to what guests may have: invariant 3. {@code
   * pext} moves no flags.
   */
  private void extendedState(Instruction instruction, byte[] code, int at, long pc) {
    List<Integer> borrowed = List.of(Gpr.RAX, Gpr.RDX, Gpr.RCX);
    emit.spill(borrowed);
    confinement.loadAddress(Gpr.RCX, instruction, pc + instruction.length());
    emit.moveConstant(Gpr.R11, GUEST_STATE_COMPONENTS);
    emit.out().put(0xc4, 0xc2, 0x7a); // pext eax, eax, r11d
    emit.out().put(0xf5, 0xc3);
    emit.moveConstant(Gpr.RDX, 0);
    emit.encoder()
        .encode(
            instruction,
            code,
            at,
            Encoder.AS_THEY_ARE,
            Address.at(Gpr.RCX, 0),
            Encoder.Space.GUEST);
    emit.commit();
    emit.restore(borrowed);
  }
}
