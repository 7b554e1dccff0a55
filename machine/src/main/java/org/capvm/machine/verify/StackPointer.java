package org.capvm.machine.verify;

import static org.capvm.machine.layout.SlotLayout.MAX_STACK_STEP;

import java.util.List;
import org.capvm.machine.isa.Encoding;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Instruction.SegmentOverride;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.isa.RegisterClass;
import org.capvm.machine.layout.Gpr;

/**
 * How single instructions may use {@code rsp}; sequences that change it are in {@link
 * FixedSequences}.
 */
final class StackPointer {
  private static final int MOV_STORE = 0x89;
  private static final int MOV_LOAD = 0x8b;
  private static final int LEA = 0x8d;
  private static final int GROUP_1_IMM32 = 0x81;
  private static final int GROUP_1_IMM8 = 0x83;
  private static final int ADD_RSP = 0xc4;
  private static final int AND_RSP = 0xe4;
  private static final int SUB_RSP = 0xec;

  private StackPointer() {}

  /**
   * What an instruction does with {@code rsp}, or a part of it, as an explicit register operand.
   */
  enum Use {
    NONE,
    READ,
    WRITTEN
  }

  /** The most that any operand does. */
  static Use use(Instruction instruction) {
    Use use = Use.NONE;
    List<Operand> operands = instruction.form().operands();
    for (int i = 0; i < operands.size(); i++) {
      Operand operand = operands.get(i);
      boolean names =
          operand.registerClass() == RegisterClass.GPR
              && instruction.register(operand) == Gpr.RSP
              && !instruction.isHighByte(operand);
      if (names && operand.access().writes()) {
        return Use.WRITTEN;
      }
      use = names && operand.access().reads() ? Use.READ : use;
    }
    return use;
  }

  /** Whether a {@code lea} gives an address that contains {@code B}. */
  static boolean isExposedByAddress(Instruction instruction) {
    return instruction.base() == Gpr.RSP
        && instruction.operandSizeBytes() == 8
        && instruction.addressSizeBytes() == 8;
  }

  /** Whether an instruction that reads rsp is {@code mov r32, esp}. */
  static boolean isMoveOfEsp(Instruction instruction) {
    return isOneByteOpcode(instruction)
        && (instruction.opcode() == MOV_STORE || instruction.opcode() == MOV_LOAD)
        && instruction.modrm() >= 0xc0
        && instruction.operandSizeBytes() == 4;
  }

  /**
   * Whether the instruction adds a constant to {@code rsp}, or rounds it down, by at most {@code
   * MAX_STACK_STEP}: {@code add}, {@code sub} or {@code and} with an immediate, or {@code lea rsp,
   * [rsp + disp]}.
   */
  static boolean isSmallStep(Instruction instruction) {
    if (!isOneByteOpcode(instruction) || !instruction.w()) {
      return false;
    }
    long immediate = instruction.immediate();
    return switch (instruction.opcode()) {
      case GROUP_1_IMM8, GROUP_1_IMM32 ->
          !instruction.b()
              && switch (instruction.modrm()) {
                case ADD_RSP, SUB_RSP -> Math.abs(immediate) <= MAX_STACK_STEP;
                case AND_RSP -> immediate < 0 && immediate >= -MAX_STACK_STEP;
                default -> false;
              };
      case LEA ->
          instruction.base() == Gpr.RSP
              && instruction.index() == Gpr.NONE
              && instruction.addressSizeBytes() == 8
              && Math.abs(instruction.displacement()) <= MAX_STACK_STEP;
      default -> false;
    };
  }

  private static boolean isOneByteOpcode(Instruction instruction) {
    return instruction.encoding() == Encoding.LEGACY && instruction.opcodeMap() == 0;
  }

  /**
   * Whether the instruction cannot complete unless memory within {@code MAX_STACK_STEP} of {@code
   * rsp} is accessible.
   *
   * <p>A conditional move or a shift by zero accesses its memory operand like any other; hints have
   * no access in the table.
   */
  static boolean isTouch(Instruction instruction, InstructionKind kind) {
    return switch (kind) {
      case PUSH_OR_POP -> true;
      case PLAIN ->
          instruction.segmentOverride() == SegmentOverride.NONE
              && instruction.base() == Gpr.RSP
              && instruction.memoryBytes() > 0
              && (instruction.readsMemory() || instruction.writesMemory())
              && Math.abs(instruction.displacement()) <= MAX_STACK_STEP;
      default -> false;
    };
  }
}
