package org.capvm.machine.verify;

import static org.capvm.machine.layout.SlotLayout.MAX_STACK_DISPLACEMENT;

import java.util.List;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Instruction.SegmentOverride;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.Gpr;

/** Where explicit memory operands may point. */
final class MemoryOperands {
  /** A part of the context that translations may access, at any address and size inside it. */
  private record ContextField(int offset, int bytes, boolean readable, boolean writable) {
    boolean allows(Operand operand, long start, int size) {
      return start >= offset
          && size <= bytes
          && start - offset <= bytes - size
          && (readable || !operand.access().reads())
          && (writable || !operand.access().writes());
    }
  }

  private static final List<ContextField> CONTEXT_FIELDS =
      List.of(
          new ContextField(ContextLayout.R11, 8, true, true),
          new ContextField(ContextLayout.TLS_BASE, 8, true, false),
          new ContextField(ContextLayout.GS_BASE, 8, true, false),
          new ContextField(ContextLayout.SLOT_BASE, 8, true, false),
          new ContextField(ContextLayout.SPILL, 8 * ContextLayout.SPILL_WORDS, true, true),
          // The upper half of the pc is zero since the context was made, and stays so.
          new ContextField(ContextLayout.PC, 4, false, true),
          new ContextField(ContextLayout.TRAP_KIND, 4, false, true),
          new ContextField(ContextLayout.X87_USED, 1, false, true));

  private MemoryOperands() {}

  /**
   * Checks the explicit memory operand of an instruction, if it has one.
   *
   * @param threadFields as in {@link TranslationUnit}
   * @return the rule it breaks, or null
   */
  static Rule check(Instruction instruction, InstructionKind kind, int threadFields) {
    if (!instruction.hasMemory() || kind == InstructionKind.PADDING) {
      return null;
    }
    if (kind == InstructionKind.ADDRESS) {
      return instruction.base() == Gpr.RIP ? Rule.CONFINED_OPERAND : null;
    }
    return switch (instruction.segmentOverride()) {
      case GS -> isSlotAddress(instruction) ? null : Rule.CONFINED_OPERAND;
      case FS -> isContextField(instruction, kind, threadFields) ? null : Rule.CONTEXT_FIELD;
      case NONE -> checkStackOperand(instruction);
    };
  }

  /** Whether an address, explicit or implied, is one of 32 bits from GS base. */
  static boolean isSlotAddress(Instruction instruction) {
    return instruction.segmentOverride() == SegmentOverride.GS
        && instruction.addressSizeBytes() == 4
        && instruction.base() != Gpr.RIP;
  }

  private static boolean isContextField(
      Instruction instruction, InstructionKind kind, int threadFields) {
    Operand operand = instruction.memoryOperand();
    int size = instruction.memoryBytes();
    boolean fixedPlace =
        instruction.base() == Gpr.NONE
            && instruction.index() == Gpr.NONE
            && kind != InstructionKind.BIT_TEST
            && operand != null
            && size > 0;
    if (!fixedPlace) {
      return false;
    }
    for (ContextField field : CONTEXT_FIELDS) {
      if (field.allows(operand, instruction.displacement() - threadFields, size)) {
        return true;
      }
    }
    return false;
  }

  private static Rule checkStackOperand(Instruction instruction) {
    if (instruction.base() != Gpr.RSP
        || instruction.index() != Gpr.NONE
        || instruction.addressSizeBytes() != 8) {
      return Rule.CONFINED_OPERAND;
    }
    return Math.abs(instruction.displacement()) < MAX_STACK_DISPLACEMENT
        ? null
        : Rule.STACK_DISPLACEMENT;
  }
}
