package org.capvm.machine.translate;

import java.util.HashMap;
import java.util.Map;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.Gpr;

/**
 * Emits the confined form of instructions that transfer control: invariant 4.
 *
 * <p>A direct branch inside the region goes straight to its target. One that leaves the region has
 * an aligned 32-bit distance that can be redirected while guests run, and a stub, out of line, that
 * leaves the guest to find the target. One that leaves the image goes through the branch table.
 *
 * <p>Not thread-safe.
 */
final class ControlFlow {
  private static final int JMP_REL32 = 0xe9;
  private static final int JMP_REL8 = 0xeb;

  private final Emitter emit;
  private final Confinement confinement;
  private final CodeSource source;
  private final Region region;

  /**
   * Host offset of the translation of each instruction emitted so far, by offset in the region; -1
   * for the others.
   */
  private final int[] hostOffsets;

  private final IntList localSites = new IntList();
  private final IntList localTargets = new IntList();
  private final IntList sites = new IntList();
  private final IntList siteTargets = new IntList();

  ControlFlow(
      Emitter emit, Confinement confinement, CodeSource source, Region region, int[] hostOffsets) {
    this.emit = emit;
    this.confinement = confinement;
    this.source = source;
    this.region = region;
    this.hostOffsets = hostOffsets;
  }

  /** Emits an instruction whose flow is not {@link org.capvm.machine.isa.Flow#NEXT}. */
  void transfer(Instruction instruction, byte[] code, int at, long pc) {
    emit.begin(pc);
    long next = pc + instruction.length();
    switch (instruction.form().flow()) {
      case JUMP -> {
        emit.touchStack();
        jump(instruction.branchTarget(pc));
      }
      case CONDITIONAL -> {
        emit.touchStack();
        boolean guestR11 = emit.holdsGuestR11();
        conditional(instruction, pc);
        if (guestR11) {
          emit.keepsGuestR11();
        }
      }
      case CALL -> {
        emit.pushPc(next);
        jump(instruction.branchTarget(pc));
      }
      case RETURN -> ret(instruction);
      case INDIRECT_JUMP -> {
        emit.touchStack();
        loadTarget(instruction, next);
        emit.jumpThroughTable();
      }
      case INDIRECT_CALL -> {
        loadTarget(instruction, next);
        emit.callThroughTable(next);
      }
      case SYSTEM_CALL -> {
        // Linux leaves the address of the next instruction in rcx.
        emit.touchStack();
        emit.moveConstant(Gpr.RCX, (int) next);
        emit.exit(Translation.GateKind.SYSTEM_CALL, next);
      }
      case NEXT, STOP ->
          throw new IllegalArgumentException("not a transfer of control: " + instruction);
    }
  }

  /** Goes on at a guest pc that is not the next in line. */
  void jump(long target) {
    branch(target, JMP_REL32);
  }

  private void conditional(Instruction instruction, long pc) {
    long target = instruction.branchTarget(pc);
    if (instruction.form().mnemonic().equals("Jcc")) {
      branch(target, 0x0f80 | instruction.condition());
      return;
    }
    // loop, loope, loopne and jrcxz reach 127 bytes only:   loop taken;  jmp short past;  taken:
    // jmp target;  past:
    alignBranch(1);
    if (instruction.addressSizeBytes() == 4) {
      emit.out().put(0x67);
    }
    emit.out().put(instruction.opcode(), 2);
    emit.out().put(JMP_REL8, 0);
    int taken = emit.position();
    emit.commit();
    branch(target, JMP_REL32);
    emit.out().patch(taken - 1, emit.position() - taken);
  }

  /**
   * Emits a branch with a 32-bit distance; {@code opcode} has one byte, or two with the first in
   * bits 8 to 15.
   */
  private void branch(long target, int opcode) {
    int opcodeBytes = opcode > 0xff ? 2 : 1;
    boolean local = region.contains(target);
    if (local && shortBranchBack(target, opcode)) {
      return;
    }
    if (!local) {
      alignBranch(opcodeBytes);
    }
    if (opcodeBytes == 2) {
      emit.out().put(opcode >> 8);
    }
    emit.out().put(opcode);
    if (local) {
      localSites.add(emit.position());
      localTargets.add((int) (target - region.start()));
    } else {
      sites.add(emit.position());
      siteTargets.add((int) target);
    }
    emit.out().putInt(0);
  }

  /**
   * Emits a branch to code of this region that was emitted less than 128 bytes ago in its short
   * form, if it is one.
   */
  private boolean shortBranchBack(long target, int opcode) {
    int emitted = hostOffsets[(int) (target - region.start())];
    int distance = emitted - (emit.position() + 2);
    if (emitted < 0 || distance < Byte.MIN_VALUE) {
      return false;
    }
    emit.out().put(opcode == JMP_REL32 ? JMP_REL8 : (opcode & 0x0f) | 0x70, distance);
    return true;
  }

  /**
   * Pads with nops so that a distance behind an opcode is a multiple of 4 and can be replaced in
   * one store.
   */
  private void alignBranch(int opcodeBytes) {
    switch (-(emit.position() + opcodeBytes) & 3) {
      case 1 -> emit.out().put(0x90);
      case 2 -> emit.out().put(0x66, 0x90);
      case 3 -> emit.out().put(0x0f, 0x1f, 0x00);
      default -> {}
    }
  }

  private void ret(Instruction instruction) {
    int released = (int) instruction.immediate();
    emit.pop(Gpr.R11);
    emit.commit();
    if (released != 0) {
      // The stack must be touched after it moves, and r11 is taken.
      emit.storeContext(ContextLayout.SPILL, Gpr.R11);
      emit.moveStackPointer(released);
      emit.touchStack();
      emit.loadContext(Gpr.R11, ContextLayout.SPILL);
    }
    emit.move32(Gpr.R11, Gpr.R11);
    emit.jumpThroughTable();
  }

  /**
   * Puts the low half of an indirect branch's target into r11d and clears the upper half of r11.
   */
  private void loadTarget(Instruction instruction, long nextPc) {
    Operand operand = instruction.form().operands().get(0);
    int register = instruction.register(operand);
    if (instruction.hasMemory()) {
      confinement.load32(Gpr.R11, instruction, nextPc);
    } else if (register == Gpr.R11) {
      emit.loadGuestR11();
      emit.move32(Gpr.R11, Gpr.R11);
    } else {
      emit.move32(Gpr.R11, register);
    }
  }

  /**
   * Emits the stubs, and makes the branches inside the region final. Nothing is emitted after this.
   */
  Translation.Branches finish() {
    for (int i = 0; i < localSites.size(); i++) {
      connect(localSites.get(i), hostOffsets[localTargets.get(i)]);
    }
    Map<Integer, Integer> stubs = new HashMap<>();
    IntList linkSites = new IntList();
    IntList linkTargets = new IntList();
    IntList linkStubs = new IntList();
    for (int i = 0; i < sites.size(); i++) {
      int target = siteTargets.get(i);
      boolean linkable = source.contains(Integer.toUnsignedLong(target));
      int stub = stubs.computeIfAbsent(target, each -> linkable ? missStub(each) : tableStub(each));
      connect(sites.get(i), stub);
      if (linkable) {
        linkSites.add(sites.get(i));
        linkTargets.add(target);
        linkStubs.add(stub);
      }
    }
    return new Translation.Branches(
        linkSites.toArray(), linkTargets.toArray(), linkStubs.toArray());
  }

  private int missStub(int target) {
    int stub = emit.position();
    emit.begin(target);
    emit.exit(Translation.GateKind.MISS, target);
    return stub;
  }

  private int tableStub(int target) {
    int stub = emit.position();
    emit.begin(target);
    emit.moveConstant(Gpr.R11, target);
    emit.jumpThroughTable();
    return stub;
  }

  private void connect(int site, int target) {
    emit.out().patchInt(site, target - (site + 4));
  }
}
