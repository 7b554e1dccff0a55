package org.capvm.machine.translate;

import java.util.Arrays;
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
 * nothing else: neither on the address space nor on where the code will be placed.
 *
 * <p>Threads: any; there is no state.
 */
public final class Translator {
  /** A translator. */
  public Translator() {}

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

  private static Translation emit(CodeSource source, Region region) {
    Emitter emitter = new Emitter();
    Rewriter rewriter = new Rewriter(emitter);
    int[] hostOffsets = new int[Region.MAX_BYTES];
    Arrays.fill(hostOffsets, -1);
    ControlFlow control =
        new ControlFlow(emitter, rewriter.confinement(), source, region, hostOffsets);
    for (Region.Step step : region.steps()) {
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
        labels(region, hostOffsets),
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
      emitter.begin(pc);
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

  private static Translation.Labels labels(Region region, int[] hostOffsets) {
    IntList pcs = new IntList();
    IntList offsets = new IntList();
    IntList indirect = new IntList();
    boolean returned = false;
    for (Region.Step step : region.steps()) {
      if (region.isLabel(step.offset())) {
        pcs.add((int) (region.start() + step.offset()));
        offsets.add(hostOffsets[step.offset()]);
        indirect.add(returned ? 1 : 0);
      }
      returned = Region.leavesAndReturns(step.instruction());
    }
    boolean[] flags = new boolean[indirect.size()];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = indirect.get(i) != 0;
    }
    return new Translation.Labels(pcs.toArray(), offsets.toArray(), flags);
  }
}
