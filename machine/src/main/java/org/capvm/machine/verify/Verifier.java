package org.capvm.machine.verify;

import java.util.BitSet;
import java.util.HexFormat;
import java.util.Optional;
import org.capvm.machine.isa.Flow;
import org.capvm.machine.isa.Instruction;

/**
 * Decides whether a translation unit is confined: whether any execution of it that starts at one of
 * its entries, with {@code rsp} near the slot and GS and the fields of the context as the gate sets
 * them, keeps to what the package description promises.
 *
 * <p>One linear pass over the instructions checks each of them, alone or as part of a sequence, and
 * notes where labels may be. A second one checks that all branches and entries lead to such places.
 * Nothing is assumed about what registers hold except by way of sequences, so there is no data flow
 * to follow.
 */
public final class Verifier {
  private final TranslationUnit unit;
  private final Listing listing;

  /** Offsets of instructions that control may be sent to. */
  private final BitSet legalLabels = new BitSet();

  /** Indices of direct branches. */
  private final BitSet branches = new BitSet();

  /** Offsets of the 32-bit distances of direct branches. */
  private final FixedSequences sequences;

  private final BitSet distances = new BitSet();

  /** Whether {@code rsp} was changed by a constant and the stack not touched since. */
  private boolean touchPending;

  /** Whether control can reach the instruction after the last one checked. */
  private boolean fallsThrough = true;

  private Verifier(TranslationUnit unit) {
    this.unit = unit;
    this.listing = Listing.decode(unit.code());
    this.sequences = new FixedSequences(listing, unit.threadFields());
  }

  /**
   * Checks a translation unit. Any thread may call this at any time.
   *
   * @return empty if the unit is confined, otherwise the first rule found broken
   */
  public static Optional<Violation> verify(TranslationUnit unit) {
    Verifier verifier = new Verifier(unit);
    Violation violation = verifier.checkInstructions();
    return Optional.ofNullable(violation != null ? violation : verifier.checkLabels());
  }

  private Violation checkInstructions() {
    for (int index = 0; index < listing.count(); ) {
      if (!touchPending) {
        legalLabels.set(listing.offset(index));
      }
      int rebaseLength = sequences.stackPointer(index);
      int sequenceLength = rebaseLength != 0 ? rebaseLength : sequences.other(index);
      int end = index + Math.max(1, sequenceLength);
      for (; index < end; index++) {
        Rule broken = check(index, sequenceLength != 0, rebaseLength != 0);
        if (broken != null) {
          return violation(index, broken);
        }
      }
      if (rebaseLength != 0) {
        touchPending = false;
      }
    }
    if (listing.endOffset() != unit.code().length) {
      return new Violation(listing.endOffset(), Rule.DECODES, "");
    }
    return fallsThrough ? new Violation(listing.endOffset(), Rule.FALLS_OFF_THE_END, "") : null;
  }

  /**
   * Checks one instruction and follows what it does to {@link #touchPending} and {@link
   * #fallsThrough}.
   *
   * @param inSequence whether it is part of a sequence; then its place in it is known to be right
   * @param rebasesStack whether that sequence is the one that sets {@code rsp}
   * @return the rule it breaks, or null
   */
  private Rule check(int index, boolean inSequence, boolean rebasesStack) {
    Instruction instruction = listing.at(index);
    InstructionKind kind = InstructionKind.of(instruction);
    Rule broken = listing.hasPlainPrefixes(index) ? null : Rule.PLAIN_PREFIXES;
    if (broken == null && !inSequence) {
      broken = checkNeedsNoSequence(instruction, kind);
    }
    if (broken == null && kind == InstructionKind.REFUSED) {
      broken = Rule.ALLOWED_INSTRUCTION;
    }
    // The operand of the jump through the branch table is part of its sequence.
    if (broken == null && kind != InstructionKind.INDIRECT_JUMP) {
      broken = MemoryOperands.check(instruction, kind, unit.threadFields());
    }
    if (broken == null && !rebasesStack) {
      broken = checkStackPointer(instruction, kind);
    }
    if (broken != null) {
      return broken;
    }
    if (StackPointer.isTouch(instruction, kind)) {
      touchPending = false;
    }
    return checkFlow(index, kind);
  }

  /** Checks what instructions that are confined by sequences can do without one. */
  private static Rule checkNeedsNoSequence(Instruction instruction, InstructionKind kind) {
    return switch (kind) {
      case STRING -> Rule.STRING_SEQUENCE;
      case IMPLIED_ADDRESS ->
          MemoryOperands.isSlotAddress(instruction) ? null : Rule.CONFINED_OPERAND;
      case PROCESSOR_STATE -> Rule.STATE_SEQUENCE;
      case INDIRECT_JUMP -> Rule.TABLE_JUMP_SEQUENCE;
      case BIT_TEST -> hasFarBitOffset(instruction) ? Rule.BIT_OFFSET_SEQUENCE : null;
      case PLAIN, ADDRESS, PADDING, MASKED_ACCESS, PUSH_OR_POP, BRANCH, TRAP, REFUSED -> null;
    };
  }

  private static boolean hasFarBitOffset(Instruction instruction) {
    return instruction.hasMemory()
        && instruction.immediateSize() == 0
        && instruction.operandSizeBytes() == 8;
  }

  private Rule checkStackPointer(Instruction instruction, InstructionKind kind) {
    return switch (StackPointer.use(instruction)) {
      case NONE ->
          kind == InstructionKind.ADDRESS && StackPointer.isExposedByAddress(instruction)
              ? Rule.STACK_POINTER_READ
              : null;
      case READ -> StackPointer.isMoveOfEsp(instruction) ? null : Rule.STACK_POINTER_READ;
      case WRITTEN -> {
        if (!StackPointer.isSmallStep(instruction)) {
          yield Rule.STACK_POINTER_WRITE;
        }
        Rule broken = touchPending ? Rule.STACK_TOUCH : null;
        touchPending = true;
        yield broken;
      }
    };
  }

  private Rule checkFlow(int index, InstructionKind kind) {
    switch (kind) {
      case BRANCH -> {
        if (!hasPlainBranchEncoding(listing.at(index))) {
          return Rule.BRANCH_ENCODING;
        }
        branches.set(index);
        if (listing.at(index).immediateSize() == 4) {
          distances.set(listing.offset(index) + listing.at(index).immediateOffset());
        }
        fallsThrough = listing.at(index).form().flow() == Flow.CONDITIONAL;
        return touchPending ? Rule.STACK_TOUCH : null;
      }
      case INDIRECT_JUMP -> {
        fallsThrough = false;
        return touchPending ? Rule.STACK_TOUCH : null;
      }
      case TRAP -> {
        fallsThrough = false;
        touchPending = false;
      }
      default -> fallsThrough = true;
    }
    return null;
  }

  /** Whether nothing precedes the opcode but, for branches on (e)cx, 67. */
  private static boolean hasPlainBranchEncoding(Instruction branch) {
    int prefixBytes = branch.opcodeOffset() - Math.min(branch.opcodeMap(), 1);
    boolean countsInEcx =
        branch.addressSizeBytes() == 4 && branch.opcode() >= 0xe0 && branch.opcode() <= 0xe3;
    return prefixBytes == (countsInEcx ? 1 : 0);
  }

  private Violation checkLabels() {
    for (int index = branches.nextSetBit(0); index >= 0; index = branches.nextSetBit(index + 1)) {
      int offset = listing.offset(index);
      long target = listing.at(index).branchTarget(offset);
      boolean legal =
          (target >= 0 && target < unit.code().length)
              ? legalLabels.get((int) target)
              : unit.externalTargets().test(unit.hostAddress() + target);
      if (!legal) {
        return violation(index, Rule.BRANCH_TARGET);
      }
    }
    for (int site : unit.patchSites()) {
      if (site < 0 || !distances.get(site) || (unit.hostAddress() + site) % 4 != 0) {
        return new Violation(site, Rule.PATCH_SITE, "");
      }
    }
    for (int entry : unit.entryOffsets()) {
      if (entry < 0 || !legalLabels.get(entry)) {
        return new Violation(entry, Rule.ENTRY_POINT, "");
      }
    }
    return null;
  }

  private Violation violation(int index, Rule rule) {
    int offset = listing.offset(index);
    Instruction instruction = listing.at(index);
    String bytes =
        HexFormat.ofDelimiter(" ").formatHex(unit.code(), offset, offset + instruction.length());
    return new Violation(offset, rule, bytes + "  " + instruction.form());
  }
}
