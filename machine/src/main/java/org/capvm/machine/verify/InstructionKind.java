package org.capvm.machine.verify;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.capvm.machine.isa.Encoding;
import org.capvm.machine.isa.Flow;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.InstructionForm;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.isa.Policy;
import org.capvm.machine.layout.Gpr;

/**
 * What an instruction is to the verifier: the allow-list.
 *
 * <p>Rows of the instruction table with policy {@code ALLOW} are {@link #PLAIN} if nothing about
 * them contradicts that. All others must be named here, and so must those that are harmless only in
 * part.
 */
enum InstructionKind {
  /** Computes on registers and at most one explicit memory operand, and stays in line. */
  PLAIN,
  /** Computes an address without accessing it. */
  ADDRESS("LEA"),
  /** Does nothing at all, not even with its memory operand. */
  PADDING,
  /** Accesses memory only where a mask says so, or at several places: never a stack touch. */
  MASKED_ACCESS,
  /** Uses a bit offset that may reach beyond its memory operand. */
  BIT_TEST("BT", "BTS", "BTR", "BTC"),
  /** Pushes or pops a register, a constant, or memory. */
  PUSH_OR_POP("PUSH", "POP"),
  /** Jumps, perhaps conditionally, by a constant distance. */
  BRANCH("Jcc", "JRCXZ", "LOOP", "LOOPE", "LOOPNE"),
  /** Jumps to an address in a register or memory. */
  INDIRECT_JUMP,
  /** Accesses memory at rsi, rdi or both; may repeat. */
  STRING,
  /** Stores to memory at rdi, or loads from memory at rbx + al; segment override and 67 apply. */
  IMPLIED_ADDRESS("MASKMOVQ", "MASKMOVDQU", "VMASKMOVDQU", "XLAT"),
  /** Saves or restores the kinds of processor state that edx:eax names. */
  PROCESSOR_STATE(
      "XSAVE", "XSAVE64", "XSAVEC", "XSAVEC64", "XSAVEOPT", "XSAVEOPT64", "XRSTOR", "XRSTOR64"),
  /** Always raises an exception. */
  TRAP,
  /** Everything else. */
  REFUSED;

  /**
   * 0F 1F, the one hint that is documented to be nothing else; the other hints may get a meaning.
   */
  private static final int LONG_NOP = 0x1f;

  private static final Map<String, InstructionKind> BY_MNEMONIC = new HashMap<>();

  /** Kinds of the rows met so far: all that decides is in the row. */
  private static final Map<InstructionForm, InstructionKind> BY_FORM = new ConcurrentHashMap<>();

  static {
    for (InstructionKind kind : values()) {
      for (String mnemonic : kind.mnemonics) {
        BY_MNEMONIC.put(mnemonic, kind);
      }
    }
  }

  @SuppressWarnings("ImmutableEnumChecker") // List.of is
  private final List<String> mnemonics;

  /** A kind of all rows with these mnemonics that the table does not refuse. */
  InstructionKind(String... mnemonics) {
    this.mnemonics = List.of(mnemonics);
  }

  /** The kind of an instruction that decoded. */
  static InstructionKind of(Instruction instruction) {
    InstructionKind known = BY_FORM.get(instruction.form());
    return known != null
        ? known
        : BY_FORM.computeIfAbsent(instruction.form(), form -> classified(instruction));
  }

  private static InstructionKind classified(Instruction instruction) {
    InstructionForm form = instruction.form();
    Encoding encoding = instruction.encoding();
    if (encoding == Encoding.EVEX || encoding == Encoding.XOP) {
      return REFUSED;
    }
    String mnemonic = form.mnemonic();
    if (form.policy() == Policy.REFUSE) {
      return mnemonic.equals("UD2") || mnemonic.equals("INT3") ? TRAP : REFUSED;
    }
    if (form.isString()) {
      return STRING;
    }
    if (instruction.opcodeMap() == 1
        && instruction.opcode() == LONG_NOP
        && encoding == Encoding.LEGACY) {
      return PADDING;
    }
    if (mnemonic.equals("JMP")) {
      return form.flow() == Flow.JUMP
          ? BRANCH
          : form.flow() == Flow.INDIRECT_JUMP ? INDIRECT_JUMP : REFUSED;
    }
    InstructionKind named = BY_MNEMONIC.get(mnemonic);
    if (named != null) {
      return named;
    }
    if (form.policy() != Policy.ALLOW || !staysInLine(form)) {
      return REFUSED;
    }
    return instruction.isVsib() || mnemonic.contains("MASKMOV") ? MASKED_ACCESS : PLAIN;
  }

  /**
   * Whether a row touches nothing that only a sequence or another kind can confine: a check on the
   * table itself.
   */
  private static boolean staysInLine(InstructionForm form) {
    for (Operand operand : form.operands()) {
      if (operand.role() == Operand.Role.IMPLICIT_MEMORY) {
        return false;
      }
    }
    int implicit = form.implicitReads() | form.implicitWrites();
    return form.flow() == Flow.NEXT && (implicit & Gpr.bit(Gpr.RSP)) == 0;
  }
}
