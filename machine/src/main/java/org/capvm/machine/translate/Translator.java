package org.capvm.machine.translate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.LongPredicate;
import org.capvm.machine.isa.Flow;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.InstructionForm;
import org.capvm.machine.isa.Policy;
import org.capvm.machine.layout.TrapKind;

/**
 * Turns guest machine code into confined machine code, a region at a time.
 *
 * <p>The result depends on the guest's bytes and on which pcs have translations already, and on
 * nothing else of the guest: neither on the address space nor on where the code will be placed.
 *
 * <p>Threads: any; nothing changes.
 */
public final class Translator {
  private final int threadFields;

  /**
   * A translator.
   *
   * @param threadFields where the fields of the context that runs are: offset 0 of {@link
   *     org.capvm.machine.layout.ContextLayout}, from FS base
   */
  public Translator(int threadFields) {
    this.threadFields = threadFields;
  }

  /**
   * Translates the region that starts at a guest pc.
   *
   * @param source the code around it; the pc is part of it
   * @param start the guest pc at which control will enter
   * @param translated whether a guest pc has a translation already, so that a region can end there
   * @return null if there is nothing to read at the pc
   */
  public Translation translate(CodeSource source, long start, LongPredicate translated) {
    Region region = Region.decode(source, start, translated);
    return region == null ? null : emit(source, region);
  }

  private Translation emit(CodeSource source, Region region) {
    Emitter emitter = new Emitter(threadFields);
    Rewriter rewriter = new Rewriter(emitter);
    int[] hostOffsets = new int[(int) (region.end() - region.start())];
    Arrays.fill(hostOffsets, -1);
    ControlFlow control =
        new ControlFlow(emitter, rewriter.confinement(), source, region, hostOffsets);
    BitSet inLine = new BitSet();
    for (Region.Step step : region.steps()) {
      inLine.set(step.offset(), emitter.takesNothingForGranted());
      emit(region, step, emitter, rewriter, control, hostOffsets);
    }
    Translation.Branches branches = control.finish();
    byte[] code = emitter.out().toBytes();
    return new Translation(
        code,
        code.length,
        region.start(),
        region.end(),
        guestBytes(region),
        entries(region, hostOffsets, inLine),
        branches,
        emitter.gateSites(),
        emitter.map());
  }

  private static void emit(
      Region region,
      Region.Step step,
      Emitter emitter,
      Rewriter rewriter,
      ControlFlow control,
      int[] hostOffsets) {
    Instruction instruction = step.instruction();
    int offset = step.offset();
    long pc = region.start() + offset;
    if (region.isLabel(offset)) {
      emitter.begin(pc);
      emitter.touchStack();
      emitter.blockStarts();
    }
    hostOffsets[offset] = emitter.position();
    InstructionForm form = instruction.form();
    if (form == InstructionForm.TRUNCATED) {
      emitter.trap(TrapKind.NOT_EXECUTABLE, pc);
    } else if (form.policy() == Policy.REFUSE) {
      rewriter.refuse(instruction, pc);
    } else if (form.flow() == Flow.NEXT) {
      rewriter.rewrite(instruction, region.code(), offset, pc);
    } else {
      control.transfer(instruction, region.code(), offset, pc);
    }
    close(step, pc + instruction.length(), emitter, control);
  }

  /** Sends control on from an instruction that is the last of its line. */
  private static void close(Region.Step step, long next, Emitter emitter, ControlFlow control) {
    if (step.end() == Region.End.CLOSED || Region.leavesAndReturns(step.instruction())) {
      return;
    }
    emitter.begin(next);
    emitter.touchStack();
    switch (step.end()) {
      case OPEN -> control.jump(next);
      case INVALID -> emitter.trap(TrapKind.INVALID_OPCODE, next);
      case CLOSED -> {}
    }
  }

  private static int guestBytes(Region region) {
    int bytes = 0;
    for (Region.Step step : region.steps()) {
      bytes += step.instruction().length();
    }
    return bytes;
  }

  private static Translation.Entries entries(Region region, int[] hostOffsets, BitSet inLine) {
    int count = 0;
    int[] pcs = new int[region.steps().size()];
    int[] offsets = new int[pcs.length];
    Translation.EntryKind[] kinds = new Translation.EntryKind[pcs.length];
    boolean returned = false;
    for (Region.Step step : region.steps()) {
      int offset = step.offset();
      boolean label = region.isLabel(offset);
      if (label || inLine.get(offset)) {
        pcs[count] = (int) (region.start() + offset);
        offsets[count] = hostOffsets[offset];
        kinds[count++] =
            !label
                ? Translation.EntryKind.IN_LINE
                : returned ? Translation.EntryKind.RETURN_POINT : Translation.EntryKind.LABEL;
      }
      returned = Region.leavesAndReturns(step.instruction());
    }
    return new Translation.Entries(
        Arrays.copyOf(pcs, count), Arrays.copyOf(offsets, count), Arrays.copyOf(kinds, count));
  }
}
