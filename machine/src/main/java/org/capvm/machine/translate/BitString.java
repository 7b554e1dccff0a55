package org.capvm.machine.translate;

import java.util.ArrayList;
import java.util.List;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.Gpr;

/**
 * Confines {@code bt}, {@code bts}, {@code btr} and {@code btc} with a memory operand and a 64-bit
 * bit number in a register (Intel SDM volume 2, "BT"): the processor reaches the word at {@code
 * address + 8 * (number >> 6)}, which truncating the address alone does not confine.
 *
 * <pre>
 *   r11d = address;  rorx x, number, 6;  mov y, 63;  pext y, number, y;  bt gs:[r11d + x * 8], y
 * </pre>
 *
 * <p>Rotated, x has the word's index in its low 32 bits and more, which is all that a 32-bit
 * address keeps. Invariant 2 holds because y is below 64. Neither {@code rorx} nor {@code pext}
 * changes flags.
 */
final class BitString {
  private static final int WORD_BYTES_LOG2 = 3;
  private static final int WORD_BITS = 64;

  private final Emitter emit;
  private final Confinement confinement;

  BitString(Emitter emit, Confinement confinement) {
    this.emit = emit;
    this.confinement = confinement;
  }

  void emit(Instruction instruction, byte[] code, int at, long nextPc) {
    int named = instruction.register(instruction.form().operands().get(1));
    int used = instruction.readsGpr();
    List<Integer> borrowed = new ArrayList<>(3);
    int x = Confinement.spare(used, false, borrowed);
    int y = Confinement.spare(used, false, borrowed);
    boolean elsewhere = named == Gpr.R11 || named == Gpr.RSP;
    int number = elsewhere ? Confinement.spare(used, false, borrowed) : named;
    emit.spill(List.copyOf(borrowed));
    if (named == Gpr.R11) {
      emit.loadContext(number, ContextLayout.R11);
    } else if (named == Gpr.RSP) {
      emit.move32(number, Gpr.RSP);
    }
    confinement.loadAddress(Gpr.R11, instruction, nextPc);
    rotateRight(x, number);
    emit.moveConstant(y, WORD_BITS - 1);
    extract(y, number);
    int[] registers = Encoder.AS_THEY_ARE.clone();
    registers[named] = y;
    Address word = new Address(Gpr.R11, x, WORD_BYTES_LOG2, 0);
    emit.encoder().encode(instruction, code, at, registers, word, Encoder.Space.GUEST);
    emit.commit();
    emit.restore(borrowed);
  }

  // An instruction names three registers at most, so those borrowed first are among r8 to r15.

  /** {@code rorx to, from, 6}. */
  private void rotateRight(int to, int from) {
    emit.out().put(0xc4, from >= 8 ? 0x43 : 0x63, 0xfb, 0xf0);
    emit.out().put(0xc0 | ((to & 7) << 3) | (from & 7), 6);
  }

  /** {@code pext mask32, number32, mask32}: with a mask of low bits, the number modulo its size. */
  private void extract(int mask, int number) {
    emit.out().put(0xc4, 0x42, ((~number & 15) << 3) | 2, 0xf5);
    emit.out().put(0xc0 | ((mask & 7) << 3) | (mask & 7));
  }
}
