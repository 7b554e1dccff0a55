package org.capvm.machine.translate;

import org.capvm.machine.isa.Encoding;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.isa.RegisterClass;
import org.capvm.machine.layout.Gpr;

/**
 * Encodes a guest instruction again, with other registers or another memory operand. Everything
 * else about it, immediates included, stays as it is.
 *
 * <p>Not thread-safe: writes to the buffer it was given.
 */
final class Encoder {
  /** How the memory operand is reached. */
  enum Space {
    /**
     * The address is truncated to 32 bits and added to the slot's base: GS override and
     * address-size prefix. Keeps invariant 2.
     */
    GUEST,
    /**
     * The address is formed with the host address in rsp (invariant 1), or is not accessed at all
     * (lea).
     */
    AS_IS
  }

  /** Every general register stands for itself. */
  static final int[] AS_THEY_ARE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

  private static final int GS = 0x65;
  private static final int ADDRESS_SIZE = 0x67;
  private static final int OPERAND_SIZE = 0x66;
  private static final int LOCK = 0xf0;
  private static final int REPNE = 0xf2;
  private static final int REP = 0xf3;

  private final CodeBuffer out;

  Encoder(CodeBuffer out) {
    this.out = out;
  }

  /**
   * Emits an instruction with its memory operand, if any, in guest space and its registers as they
   * are. The bytes are copied behind the two prefixes that confine them.
   *
   * <p>Only for instructions without a segment override, and whose address is not relative to rip
   * or in rsp.
   */
  void copyConfined(Instruction instruction, byte[] code, int at) {
    if (instruction.hasMemory()) {
      out.put(GS, ADDRESS_SIZE);
    }
    copyWithoutAddressPrefixes(instruction, code, at);
  }

  /** Emits an instruction whose implied memory operand obeys the two prefixes that confine it. */
  void confineImplied(Instruction instruction, byte[] code, int at) {
    out.put(GS, ADDRESS_SIZE);
    copyWithoutAddressPrefixes(instruction, code, at);
  }

  /** Emits an instruction as it is, but for segment overrides and the address-size prefix. */
  void copyWithoutAddressPrefixes(Instruction instruction, byte[] code, int at) {
    legacyPrefixes(instruction);
    int opcode = prefixEnd(instruction);
    out.put(code, at + opcode, at + instruction.length());
  }

  /**
   * Emits an instruction with other general registers in its explicit operands.
   *
   * @param registers the register to encode in place of each general register
   * @param address the memory operand to encode instead of the instruction's own, or null if it has
   *     none
   */
  void encode(
      Instruction instruction, byte[] code, int at, int[] registers, Address address, Space space) {
    if (address != null && space == Space.GUEST) {
      out.put(GS, ADDRESS_SIZE);
    }
    int reg = ((instruction.modrm() >> 3) & 7) | (instruction.r() ? 8 : 0);
    int rm = (instruction.modrm() & 7) | (instruction.b() ? 8 : 0);
    int vvvv = instruction.vvvv();
    int inOpcode = Gpr.NONE;
    for (Operand operand : instruction.form().operands()) {
      boolean general =
          operand.registerClass() == RegisterClass.GPR && !instruction.isHighByte(operand);
      int register = instruction.register(operand);
      int encoded = general && register >= 0 ? registers[register] : register;
      switch (operand.role()) {
        case MODRM_REG -> reg = general ? encoded : reg;
        case MODRM_RM -> rm = general && register >= 0 ? encoded : rm;
        case VVVV -> vvvv = general ? encoded : vvvv;
        case OPCODE_REG -> inOpcode = encoded;
        case IMMEDIATE,
            SECOND_IMMEDIATE,
            RELATIVE,
            MOFFS,
            IS4,
            FIXED_REGISTER,
            IMPLICIT_MEMORY,
            CONSTANT -> {}
      }
    }
    int low = inOpcode >= 0 ? inOpcode : rm;
    boolean extendBase = address == null ? low >= 8 : address.base() >= 8;
    boolean extendIndex = address != null && address.index() >= 8;
    int opcode = instruction.opcode();
    if (instruction.encoding() == Encoding.LEGACY) {
      rexAndEscape(instruction, code, at, reg >= 8, extendIndex, extendBase);
      opcode = inOpcode >= 0 ? (opcode & ~7) | (inOpcode & 7) : opcode;
    } else {
      vexPrefix(instruction, code, at, reg >= 8, extendIndex, extendBase, vvvv);
    }
    out.put(opcode);
    if (instruction.modrmOffset() >= 0) {
      if (address == null) {
        out.put(0xc0 | ((reg & 7) << 3) | (rm & 7));
      } else {
        modrm(reg, address);
      }
    }
    if (instruction.immediateOffset() >= 0) {
      out.put(code, at + instruction.immediateOffset(), at + instruction.length());
    }
  }

  /**
   * Emits an instruction that is one opcode byte and ModRM, with a general register and memory in
   * guest space or on the stack.
   */
  void memory(int opcode, boolean wide, int register, Address address, Space space) {
    if (space == Space.GUEST) {
      out.put(GS, ADDRESS_SIZE);
    }
    int rex =
        (wide ? 8 : 0)
            | (register >= 8 ? 4 : 0)
            | (address.index() >= 8 ? 2 : 0)
            | (address.base() >= 8 ? 1 : 0);
    if (rex != 0) {
      out.put(0x40 | rex);
    }
    out.put(opcode);
    modrm(register, address);
  }

  /**
   * Emits the legacy prefixes that mean something, each once, but for those that {@link Space} is
   * about. Left out are repeats, hints for lock elision, and 66 where W has the last word: with the
   * two that confine it the longest instruction would exceed 15 bytes.
   */
  private void legacyPrefixes(Instruction instruction) {
    if (instruction.hasOperandSizePrefix() && !(instruction.w() && instruction.opcodeMap() == 0)) {
      out.put(OPERAND_SIZE);
    }
    if (instruction.hasLock()) {
      out.put(LOCK);
    } else if (instruction.hasRep()) {
      out.put(REP);
    } else if (instruction.hasRepne()) {
      out.put(REPNE);
    }
  }

  private void rexAndEscape(
      Instruction instruction, byte[] code, int at, boolean r, boolean x, boolean b) {
    legacyPrefixes(instruction);
    int rex = (instruction.w() ? 8 : 0) | (r ? 4 : 0) | (x ? 2 : 0) | (b ? 1 : 0);
    if (rex != 0 || instruction.hasRex()) {
      out.put(0x40 | rex);
    }
    int escape = prefixEnd(instruction) + (instruction.hasRex() ? 1 : 0);
    out.put(code, at + escape, at + instruction.opcodeOffset());
  }

  private void vexPrefix(
      Instruction instruction, byte[] code, int at, boolean r, boolean x, boolean b, int vvvv) {
    // The byte before the opcode has vvvv, L and pp in both forms of the prefix; L and pp stay.
    int lengthAndPp = code[at + instruction.opcodeOffset() - 1] & 7;
    int last = ((~vvvv & 15) << 3) | lengthAndPp;
    if (!x && !b && !instruction.w() && instruction.opcodeMap() == 1) {
      out.put(0xc5, (r ? 0 : 0x80) | last);
    } else {
      out.put(
          0xc4,
          (r ? 0 : 0x80) | (x ? 0 : 0x40) | (b ? 0 : 0x20) | instruction.opcodeMap(),
          (instruction.w() ? 0x80 : 0) | last);
    }
  }

  private void modrm(int register, Address address) {
    int reg = (register & 7) << 3;
    int index = address.index() == Gpr.NONE ? 4 : address.index() & 7;
    if (address.base() == Gpr.NONE) {
      out.put(reg | 4, (address.scaleLog2() << 6) | (index << 3) | 5);
      out.putInt(address.displacement());
      return;
    }
    int base = address.base() & 7;
    int displacement = address.displacement();
    int mod =
        displacement == 0 && base != 5 ? 0 : displacement == (byte) displacement ? 0x40 : 0x80;
    if (address.index() == Gpr.NONE && base != 4) {
      out.put(mod | reg | base);
    } else {
      out.put(mod | reg | 4, (address.scaleLog2() << 6) | (index << 3) | base);
    }
    if (mod == 0x40) {
      out.put(displacement);
    } else if (mod == 0x80) {
      out.putInt(displacement);
    }
  }

  /** Where REX, VEX, the escape bytes or the opcode start: after the legacy prefixes. */
  private static int prefixEnd(Instruction instruction) {
    int opcode = instruction.opcodeOffset();
    return switch (instruction.encoding()) {
      case LEGACY -> {
        int escapes = instruction.opcodeMap() == 0 ? 0 : instruction.opcodeMap() == 1 ? 1 : 2;
        yield opcode - escapes - (instruction.hasRex() ? 1 : 0);
      }
      case VEX2 -> opcode - 2;
      case VEX3 -> opcode - 3;
      case EVEX, XOP ->
          throw new IllegalArgumentException("not a confinable encoding: " + instruction);
    };
  }
}
