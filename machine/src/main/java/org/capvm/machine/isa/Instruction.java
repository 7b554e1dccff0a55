package org.capvm.machine.isa;

import org.capvm.machine.layout.Gpr;

/**
 * A decoded instruction: its row of the table and the values its bytes give to the row's operands.
 *
 * <p>Offsets count from the instruction's first byte. Immutable. Where {@link #form()} is not
 * {@link InstructionForm#isMatched()}, only {@link #length()} is meaningful.
 */
public final class Instruction {
  private final InstructionForm form;
  private final int prefixes;
  private final long layout;
  private final long displacement;
  private final long immediate;

  /**
   * @param prefixes as {@link Prefixes} packs them
   * @param layout as {@link InstructionLayout} packs it
   * @param displacement sign-extended displacement, or zero-extended moffs address
   * @param immediate the immediate, extended as the row says; for ENTER both, the first one lower
   */
  Instruction(InstructionForm form, int prefixes, long layout, long displacement, long immediate) {
    this.form = form;
    this.prefixes = prefixes;
    this.layout = layout;
    this.displacement = displacement;
    this.immediate = immediate;
  }

  /**
   * The row that matched, or {@link InstructionForm#INVALID} or {@link InstructionForm#TRUNCATED}.
   */
  public InstructionForm form() {
    return form;
  }

  /**
   * Bytes of the instruction, 1 to 15; if nothing matched, bytes examined, which is 0 only if there
   * were none.
   */
  public int length() {
    return InstructionLayout.length(layout);
  }

  // Prefixes

  /** Whether there is a LOCK prefix. */
  public boolean hasLock() {
    return (prefixes & Prefixes.LOCK) != 0;
  }

  /**
   * Whether the last of F2 and F3 is F3. For many instructions that makes it part of the opcode.
   */
  public boolean hasRep() {
    return (prefixes & Prefixes.REP) != 0;
  }

  /**
   * Whether the last of F2 and F3 is F2. For many instructions that makes it part of the opcode.
   */
  public boolean hasRepne() {
    return (prefixes & Prefixes.REPNE) != 0;
  }

  /** Whether there is a 66 prefix. For many instructions that makes it part of the opcode. */
  public boolean hasOperandSizePrefix() {
    return (prefixes & Prefixes.OPERAND_SIZE) != 0;
  }

  /** A segment whose base is added to addresses. The others have no effect in 64-bit mode. */
  public enum SegmentOverride {
    NONE,
    FS,
    GS
  }

  /** The segment override in force, whether or not the instruction has a memory operand. */
  public SegmentOverride segmentOverride() {
    if ((prefixes & Prefixes.FS) != 0) {
      return SegmentOverride.FS;
    }
    return (prefixes & Prefixes.GS) != 0 ? SegmentOverride.GS : SegmentOverride.NONE;
  }

  /** How the opcode is introduced. */
  public Encoding encoding() {
    return Prefixes.encoding(prefixes);
  }

  /** Whether a REX prefix is in force: it directly precedes the opcode. */
  public boolean hasRex() {
    return (prefixes & Prefixes.REX) != 0;
  }

  /** REX.W, or W of VEX, EVEX or XOP. */
  public boolean w() {
    return (prefixes & Prefixes.W) != 0;
  }

  /** REX.R, or R of VEX, EVEX or XOP, not inverted: extends ModRM.reg. */
  public boolean r() {
    return (prefixes & Prefixes.R) != 0;
  }

  /** REX.X, or X of VEX, EVEX or XOP, not inverted: extends SIB.index. */
  public boolean x() {
    return (prefixes & Prefixes.X) != 0;
  }

  /**
   * REX.B, or B of VEX, EVEX or XOP, not inverted: extends ModRM.rm, SIB.base or the opcode's
   * register.
   */
  public boolean b() {
    return (prefixes & Prefixes.B) != 0;
  }

  /** The register in vvvv of VEX, EVEX or XOP, not inverted; 0 if there is none. */
  public int vvvv() {
    return Prefixes.vvvv(prefixes);
  }

  /** 16, 32 or 64, as VEX.L or EVEX.L'L says; 16 for legacy encodings. */
  public int vectorLengthBytes() {
    return 16 << Prefixes.vectorLength(prefixes);
  }

  // Opcode

  /**
   * 0 for one-byte opcodes, 1 for 0F, 2 for 0F 38, 3 for 0F 3A, 5 and 6 for EVEX maps, 8 to 10 for
   * XOP.
   */
  public int opcodeMap() {
    return Prefixes.map(prefixes);
  }

  /**
   * The prefix that can be part of the opcode, as VEX numbers them: 0 none, 1 for 66, 2 for F3, 3
   * for F2.
   */
  public int pp() {
    return Prefixes.pp(prefixes);
  }

  /** The opcode byte in its map, 0 to 255. */
  public int opcode() {
    return InstructionLayout.opcode(layout);
  }

  /** Where {@link #opcode()} is. */
  public int opcodeOffset() {
    return InstructionLayout.opcodeOffset(layout);
  }

  /** The condition of a Jcc, SETcc or CMOVcc, 0 to 15: the low four bits of the opcode. */
  public int condition() {
    return opcode() & 15;
  }

  /** Where the ModRM byte is, or -1 if there is none. */
  public int modrmOffset() {
    int offset = InstructionLayout.modrmOffset(layout);
    return offset == 0 ? -1 : offset;
  }

  /** The ModRM byte, or 0 if there is none. */
  public int modrm() {
    return InstructionLayout.modrm(layout);
  }

  // Memory operand

  /**
   * Whether ModRM names memory or the instruction has a moffs operand. Implicit memory does not
   * count.
   */
  public boolean hasMemory() {
    return hasModrmMemory() || isMoffs();
  }

  /** Whether the memory operand is an absolute address that follows the opcode (A0 to A3). */
  public boolean isMoffs() {
    return form.pattern().immediate() == ImmediateLayout.ADDRESS;
  }

  private boolean hasModrmMemory() {
    return InstructionLayout.modrmOffset(layout) != 0 && modrm() < 0xc0;
  }

  private boolean hasSib() {
    return hasModrmMemory() && (modrm() & 7) == 4;
  }

  private boolean hasNoBaseWithMod0(int base) {
    return (base & 7) == Gpr.RBP && modrm() < 0x40;
  }

  /** The memory operand's base register: 0 to 15, {@link Gpr#RIP} or {@link Gpr#NONE}. */
  public int base() {
    if (!hasModrmMemory()) {
      return Gpr.NONE;
    }
    boolean sib = hasSib();
    int base = sib ? InstructionLayout.sib(layout) & 7 : modrm() & 7;
    if (hasNoBaseWithMod0(base)) {
      return sib ? Gpr.NONE : Gpr.RIP;
    }
    return base | (b() ? 8 : 0);
  }

  /**
   * The memory operand's index register, 0 to 15, or {@link Gpr#NONE}; a vector register if {@link
   * #isVsib()}.
   */
  public int index() {
    if (!hasSib()) {
      return Gpr.NONE;
    }
    int index = (InstructionLayout.sib(layout) >> 3 & 7) | (x() ? 8 : 0);
    return index == Gpr.RSP && !isVsib() ? Gpr.NONE : index;
  }

  /** Whether the memory operand is indexed by a vector register, as in gathers. */
  public boolean isVsib() {
    return form.isVsib();
  }

  /** The shift of the index register, 0 to 3. */
  public int scaleLog2() {
    return hasSib() ? InstructionLayout.sib(layout) >> 6 : 0;
  }

  /**
   * The sign-extended displacement, or the moffs address; 0 if there is none. EVEX's compression is
   * not undone.
   */
  public long displacement() {
    return displacement;
  }

  /** Where the displacement is, or -1 if there is none. */
  public int displacementOffset() {
    int offset = InstructionLayout.displacementOffset(layout);
    return offset == 0 ? -1 : offset;
  }

  /** Bytes of the displacement: 0, 1, 4, or 8 for moffs. */
  public int displacementSize() {
    return InstructionLayout.displacementSize(layout);
  }

  /** Bytes to which addresses are truncated: 8, or 4 with a 67 prefix. */
  public int addressSizeBytes() {
    return addressSizeBytes(prefixes);
  }

  static int addressSizeBytes(int prefixes) {
    return (prefixes & Prefixes.ADDRESS_SIZE) != 0 ? 4 : 8;
  }

  /**
   * Bytes accessed in memory through the explicit memory operand; 0 if there is none or the size is
   * not fixed by the instruction (gathers, {@code xsave}).
   */
  public int memoryBytes() {
    Operand operand = memoryOperand();
    return operand == null ? 0 : operand.memoryWidth().bytes(this);
  }

  /** Whether memory is read through the explicit memory operand. */
  public boolean readsMemory() {
    Operand operand = memoryOperand();
    return operand != null && operand.access().reads();
  }

  /** Whether memory is written through the explicit memory operand. */
  public boolean writesMemory() {
    Operand operand = memoryOperand();
    return operand != null && operand.access().writes();
  }

  /** The explicit operand that is memory in this instruction, or null. */
  public Operand memoryOperand() {
    if (hasMemory()) {
      for (Operand operand : form.operands()) {
        if (operand.role() == Operand.Role.MOFFS
            || (operand.role() == Operand.Role.MODRM_RM && operand.memory())) {
          return operand;
        }
      }
    }
    return null;
  }

  // Immediates

  /**
   * The effective operand size: 2, 4 or 8. Byte instructions and most vector instructions ignore
   * it.
   */
  public int operandSizeBytes() {
    return operandSizeBytes(prefixes, form);
  }

  static int operandSizeBytes(int prefixes, InstructionForm form) {
    if ((prefixes & Prefixes.W) != 0) {
      return 8;
    }
    if ((prefixes & Prefixes.OPERAND_SIZE) != 0 && !form.pattern().mandatory66()) {
      return 2;
    }
    return form.default64() ? 8 : 4;
  }

  /**
   * The immediate, sign- or zero-extended as the row says; for relative branches the distance from
   * the next instruction.
   */
  public long immediate() {
    return immediateSize() == 3 ? immediate & 0xffff : immediate;
  }

  /** ENTER's nesting level; 0 for all others. */
  public int secondImmediate() {
    return immediateSize() == 3 ? (int) (immediate >> 16) & 0xff : 0;
  }

  /** Where the immediate is, or -1 if there is none. */
  public int immediateOffset() {
    int offset = InstructionLayout.immediateOffset(layout);
    return offset == 0 ? -1 : offset;
  }

  /** Bytes of the immediate: 0, 1, 2, 4, 8, or 3 for ENTER's two. */
  public int immediateSize() {
    return InstructionLayout.immediateSize(layout);
  }

  /** Whether the immediate is a distance from the next instruction. */
  public boolean isRelativeBranch() {
    return switch (form.flow()) {
      case JUMP, CONDITIONAL, CALL -> true;
      case NEXT, RETURN, INDIRECT_JUMP, INDIRECT_CALL, SYSTEM_CALL, STOP -> false;
    };
  }

  /**
   * The target of a relative branch. {@code address} is the instruction's own, in whatever space
   * the caller means.
   */
  public long branchTarget(long address) {
    return address + length() + immediate;
  }

  // Registers

  /**
   * The number of the register that {@code operand} of this instruction's form is: 0 to 15 for
   * general-purpose and vector registers, 0 to 7 for others; {@link Gpr#NONE} if it is not a
   * register here. 4 to 7 mean ah, ch, dh and bh if {@link #isHighByte}.
   */
  public int register(Operand operand) {
    boolean extensible =
        switch (operand.registerClass()) {
          case GPR, VECTOR, CONTROL, DEBUG -> true;
          case NONE, MMX, X87, SEGMENT, MASK -> false;
        };
    return switch (operand.role()) {
      case MODRM_REG -> (modrm() >> 3 & 7) | (extensible && r() ? 8 : 0);
      case MODRM_RM -> hasModrmMemory() ? Gpr.NONE : (modrm() & 7) | (extensible && b() ? 8 : 0);
      case VVVV -> extensible ? vvvv() : vvvv() & 7;
      case OPCODE_REG -> (opcode() & 7) | (b() ? 8 : 0);
      case IS4 -> (int) immediate >> 4 & 15;
      case FIXED_REGISTER -> operand.fixed();
      case IMMEDIATE, SECOND_IMMEDIATE, RELATIVE, MOFFS, IMPLICIT_MEMORY, CONSTANT -> Gpr.NONE;
    };
  }

  /** Whether {@code operand} is ah, ch, dh or bh. */
  public boolean isHighByte(Operand operand) {
    return operand.registerClass() == RegisterClass.GPR
        && operand.registerWidth() == Width.BYTES_1
        && !hasRex()
        && encoding() == Encoding.LEGACY
        && operand.role() != Operand.Role.FIXED_REGISTER
        && (register(operand) & ~3) == 4;
  }

  /**
   * Whether an operand is ah, ch, dh or bh: adding a REX prefix to the instruction would change
   * what it means.
   */
  public boolean usesHighByteRegister() {
    for (Operand operand : form.operands()) {
      if (isHighByte(operand)) {
        return true;
      }
    }
    return false;
  }

  /**
   * General-purpose registers whose value the instruction depends on, as {@link Gpr#bit} masks:
   * operands, registers of addresses, implicit registers, and registers of which it writes only the
   * low 8 or 16 bits, since the others survive.
   */
  public int readsGpr() {
    int mask = form.implicitReads() | repeatCounter();
    if (hasModrmMemory()) {
      int base = base();
      if (base >= 0 && base != Gpr.RIP) {
        mask |= Gpr.bit(base);
      }
      int index = index();
      if (index >= 0 && !isVsib()) {
        mask |= Gpr.bit(index);
      }
    }
    for (Operand operand : form.operands()) {
      if (operand.role() == Operand.Role.IMPLICIT_MEMORY) {
        mask |= Gpr.bit(operand.fixed());
      } else if (operand.access().reads()
          || (operand.access().writes() && operand.registerWidth().bytes(this) < 4)) {
        mask |= gprBit(operand);
      }
    }
    return mask;
  }

  /**
   * General-purpose registers the instruction may change, as {@link Gpr#bit} masks, implicit ones
   * included.
   */
  public int writesGpr() {
    int mask = form.implicitWrites() | repeatCounter();
    for (Operand operand : form.operands()) {
      if (operand.access().writes()) {
        mask |= gprBit(operand);
      }
    }
    return mask;
  }

  private int repeatCounter() {
    return form.isString() && (hasRep() || hasRepne()) ? Gpr.bit(Gpr.RCX) : 0;
  }

  private int gprBit(Operand operand) {
    if (operand.registerClass() != RegisterClass.GPR) {
      return 0;
    }
    int register = register(operand);
    if (register < 0) {
      return 0;
    }
    return Gpr.bit(isHighByte(operand) ? register - 4 : register);
  }

  @Override
  public String toString() {
    return form + ", " + length() + " bytes";
  }
}
