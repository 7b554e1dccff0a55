package org.capvm.machine.translate;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.LongPredicate;
import org.capvm.machine.isa.Decoder;
import org.capvm.machine.isa.Flow;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.InstructionForm;
import org.capvm.machine.isa.Policy;

/**
 * The guest instructions that one translation covers: decoded in line from a start, past
 * conditional branches and calls, until control cannot go on.
 *
 * <p>Where it cannot go on and an earlier branch leads a few bytes further, decoding goes on there:
 * that is how compilers lay out the other side of a condition. Bytes that do not decode end the
 * region with a trap, which only matters if it is reached: code is often followed by data.
 */
final class Region {
  /** How far a region may extend from its start. */
  static final int MAX_BYTES = 4096;

  /** How many bytes of padding may lie between the parts of a region. */
  private static final int MAX_GAP_BYTES = 16;

  private static final int MAX_INSTRUCTIONS = 1024;

  /** Why a region ends after an instruction. */
  enum End {
    /**
     * Control goes on in the region, or the instruction transfers control and nothing falls
     * through.
     */
    CLOSED,
    /** Control falls through to a guest pc that is not part of the region. */
    OPEN,
    /** Control falls through to bytes that are no instruction. */
    INVALID
  }

  /** An instruction, and what follows it in line. */
  record Step(Instruction instruction, int offset, End end) {}

  private final long start;
  private final byte[] code;
  private final int limit;
  private final List<Step> steps = new ArrayList<>();
  private final BitSet starts = new BitSet(MAX_BYTES);
  private final BitSet labels = new BitSet(MAX_BYTES);

  private Region(long start, byte[] code, int limit) {
    this.start = start;
    this.code = code;
    this.limit = limit;
  }

  /**
   * Decodes a region.
   *
   * @param translated whether a guest pc already has a translation to go on with
   * @return null if there is no byte to read at the start
   */
  static Region decode(CodeSource source, long start, LongPredicate translated) {
    byte[] code = new byte[MAX_BYTES + Decoder.MAX_LENGTH];
    int limit = source.read(start, code);
    if (limit == 0) {
      return null;
    }
    Region region = new Region(start, code, limit);
    region.decode(translated);
    return region;
  }

  long start() {
    return start;
  }

  byte[] code() {
    return code;
  }

  List<Step> steps() {
    return steps;
  }

  /** Guest address after the last instruction. */
  long end() {
    Step last = steps.getLast();
    return start + last.offset() + last.instruction().length();
  }

  /** Whether a guest pc is the start of an instruction of this region. */
  boolean contains(long pc) {
    return pc >= start && pc < start + MAX_BYTES && starts.get((int) (pc - start));
  }

  /** Whether control may arrive at an offset other than from the instruction before. */
  boolean isLabel(int offset) {
    return labels.get(offset);
  }

  private void decode(LongPredicate translated) {
    labels.set(0);
    BitSet wanted = new BitSet(MAX_BYTES);
    int offset = 0;
    while (true) {
      offset = decodeLine(offset, wanted, translated);
      int next = wanted.nextSetBit(offset);
      if (next < 0
          || next - offset > MAX_GAP_BYTES
          || steps.size() >= MAX_INSTRUCTIONS
          || translated.test(start + next)) {
        break;
      }
      offset = next;
    }
    markLabels();
  }

  /** Decodes until control cannot go on, and returns the offset reached. */
  private int decodeLine(int from, BitSet wanted, LongPredicate translated) {
    int offset = from;
    while (true) {
      Instruction instruction = Decoder.decode(code, offset, limit);
      if (!instruction.form().isMatched() && offset > 0 && offset == from) {
        // A branch leads to bytes that are no instruction: leave it to be found out there.
        return MAX_BYTES;
      }
      if (instruction.form() == InstructionForm.TRUNCATED && offset > 0) {
        closeLast(End.OPEN);
        return offset;
      }
      if (!instruction.form().isMatched() && offset > 0) {
        closeLast(End.INVALID);
        return offset;
      }
      starts.set(offset);
      steps.add(new Step(instruction, offset, End.CLOSED));
      if (instruction.isRelativeBranch()) {
        long target = instruction.branchTarget(start + offset);
        if (target > start + offset && target < start + Math.min(MAX_BYTES, limit)) {
          wanted.set((int) (target - start));
        }
      }
      offset += instruction.length();
      if (!continues(instruction)) {
        return offset;
      }
      if (offset >= MAX_BYTES
          || offset >= limit
          || steps.size() >= MAX_INSTRUCTIONS
          || starts.get(offset)
          || translated.test(start + offset)) {
        closeLast(End.OPEN);
        return offset;
      }
    }
  }

  private void closeLast(End end) {
    Step last = steps.getLast();
    steps.set(steps.size() - 1, new Step(last.instruction(), last.offset(), end));
  }

  private void markLabels() {
    for (Step step : steps) {
      Instruction instruction = step.instruction();
      if (instruction.isRelativeBranch()) {
        long target = instruction.branchTarget(start + step.offset());
        if (contains(target)) {
          labels.set((int) (target - start));
        }
      }
      int next = step.offset() + instruction.length();
      if (starts.get(next) && leavesAndReturns(instruction)) {
        labels.set(next);
      }
    }
  }

  /** Whether control may go on to the next instruction, at once or after coming back. */
  static boolean continues(Instruction instruction) {
    if (instruction.form().policy() == Policy.REFUSE) {
      return false;
    }
    return switch (instruction.form().flow()) {
      case NEXT, CONDITIONAL, CALL, INDIRECT_CALL, SYSTEM_CALL -> true;
      case JUMP, RETURN, INDIRECT_JUMP, STOP -> false;
    };
  }

  /** Whether the next instruction is entered through the branch table. */
  static boolean leavesAndReturns(Instruction instruction) {
    Flow flow = instruction.form().flow();
    return flow == Flow.CALL
        || flow == Flow.INDIRECT_CALL
        || flow == Flow.SYSTEM_CALL
        || Rewriter.isEmulated(instruction);
  }
}
