package org.capvm.machine.translate;

import java.util.ArrayList;
import java.util.List;
import org.capvm.machine.isa.Gpr;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.layout.ContextLayout;

/**
 * Confines {@code bt}, {@code bts}, {@code btr} and {@code btc} with a memory operand and a bit
 * number in a register (Intel SDM volume 2, "BT"): the processor reaches the unit at {@code address
 * + bytes * (number >> bits)}, which no truncation of the address confines.
 *
 * <pre>
 *   r11d = address;  x = number, sign-extended;  rorx x, x, log2(bits)
 *   y = bits - 1;    pext y, number, y;          bt gs:[r11d + x * bytes], y
 * </pre>
 *
 * <p>Rotated, x has the unit's index in its low 32 bits and more, which is all that a 32-bit
 * address keeps. Invariant 2 holds because y is below the operand's bits. Neither {@code rorx} nor
 * {@code pext} changes flags.
 */
final class BitString {
  private final Emitter emit;
  private final Confinement confinement;

  BitString(Emitter emit, Confinement confinement) {
    this.emit = emit;
    this.confinement = confinement;
  }

  void emit(Instruction instruction, byte[] code, int at, long nextPc) {
    Operand source = instruction.form().operands().get(1);
    int named = instruction.register(source);
    int bytes = instruction.operandSizeBytes();
    int used = instruction.readsGpr() | Gpr.bit(Gpr.RSP) | Gpr.bit(Gpr.R11);
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
    signExtend(x, number, bytes);
    rotateRight(x, bytes);
    emit.moveConstant(y, 8 * bytes - 1);
    extract(y, number);
    int[] registers = Encoder.AS_THEY_ARE.clone();
    registers[named] = y;
    Address unit = new Address(Gpr.R11, x, Integer.numberOfTrailingZeros(bytes), 0);
    emit.encoder().encode(instruction, code, at, registers, unit, Encoder.Space.GUEST);
    emit.commit();
    emit.restore(borrowed);
  }

  private void signExtend(int to, int from, int bytes) {
    int rex = 0x48 | (to >= 8 ? 4 : 0) | (from >= 8 ? 1 : 0);
    int modrm = 0xc0 | ((to & 7) << 3) | (from & 7);
    switch (bytes) {
      case 2 -> emit.out().put(rex, 0x0f, 0xbf, modrm);
      case 4 -> emit.out().put(rex, 0x63, modrm);
      default -> emit.move64(to, from);
    }
  }

  /** {@code rorx register, register, log2(8 * bytes)}, all 64 bits. */
  private void rotateRight(int register, int bytes) {
    emit.out()
        .put(0xc4, (register >= 8 ? 0 : 0x80) | 0x40 | (register >= 8 ? 0 : 0x20) | 3, 0xfb, 0xf0);
    emit.out()
        .put(
            0xc0 | ((register & 7) << 3) | (register & 7),
            Integer.numberOfTrailingZeros(8 * bytes));
  }

  /**
   * {@code pext mask32, number32, mask32}: with a mask of low bits, the number modulo the mask's
   * size.
   */
  private void extract(int mask, int number) {
    emit.out()
        .put(
            0xc4,
            (mask >= 8 ? 0 : 0x80) | 0x40 | (mask >= 8 ? 0 : 0x20) | 2,
            ((~number & 15) << 3) | 2,
            0xf5);
    emit.out().put(0xc0 | ((mask & 7) << 3) | (mask & 7));
  }
}
