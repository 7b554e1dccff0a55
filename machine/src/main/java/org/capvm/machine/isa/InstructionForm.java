package org.capvm.machine.isa;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.capvm.machine.layout.Gpr;

/**
 * One row of the instruction table. Immutable; one object per row, so forms can be compared with
 * {@code ==}.
 *
 * <p>Rows are created when one of their opcodes is first decoded.
 */
public final class InstructionForm {
  /**
   * What decodes to no row, or breaks a rule of the encoding; the processor would raise {@code
   * #UD}.
   */
  public static final InstructionForm INVALID = unmatched("(invalid)");

  /** What the end of the given bytes cut off before its length was known. */
  public static final InstructionForm TRUNCATED = unmatched("(truncated)");

  private final EncodingPattern pattern;
  private final String mnemonic;
  private final List<Operand> operands;
  private final int implicitReads;
  private final int implicitWrites;
  private final Policy policy;
  private final Refusal refusal;
  private final Flow flow;
  private final Set<Trait> traits;
  private final String feature;
  private final boolean default64;
  private final boolean usesX87;
  private final boolean vsib;

  InstructionForm(
      EncodingPattern pattern,
      String mnemonic,
      List<Operand> operands,
      int implicitReads,
      int implicitWrites,
      Policy policy,
      Refusal refusal,
      Flow flow,
      Set<Trait> traits,
      String feature) {
    this.pattern = pattern;
    this.mnemonic = mnemonic;
    this.operands = List.copyOf(operands);
    this.implicitReads = implicitReads;
    this.implicitWrites = implicitWrites;
    this.policy = policy;
    this.refusal = refusal;
    this.flow = flow;
    this.traits = traits;
    this.feature = feature;
    this.default64 = traits.contains(Trait.D64);
    boolean x87 = traits.contains(Trait.X87);
    boolean vectorIndexed = false;
    for (Operand operand : operands) {
      x87 |= isX87State(operand);
      vectorIndexed |= operand.isVectorIndexed();
    }
    this.usesX87 = x87;
    this.vsib = vectorIndexed;
  }

  private static InstructionForm unmatched(String mnemonic) {
    return new InstructionForm(
        EncodingPattern.NOTHING,
        mnemonic,
        List.of(),
        0,
        0,
        Policy.REFUSE,
        Refusal.INVALID_OPCODE,
        Flow.STOP,
        EnumSet.noneOf(Trait.class),
        "");
  }

  private static boolean isX87State(Operand operand) {
    return operand.registerClass() == RegisterClass.MMX
        || operand.registerClass() == RegisterClass.X87;
  }

  /**
   * The row's encoding in the notation of the Intel manual, for example {@code REX.W 81 /5 id};
   * empty for unmatched bytes.
   */
  public String encoding() {
    return pattern.text();
  }

  /**
   * The mnemonic in upper case. Families that differ by condition alone are one row: {@code Jcc},
   * {@code SETcc}, {@code CMOVcc}.
   */
  public String mnemonic() {
    return mnemonic;
  }

  /**
   * The explicit operands, destination first, and the implicit memory operands of string
   * instructions.
   */
  public List<Operand> operands() {
    return operands;
  }

  /** What CapVM does with the instruction. */
  public Policy policy() {
    return policy;
  }

  /**
   * What reaching the instruction raises if {@link #policy()} is {@link Policy#REFUSE}; otherwise
   * {@link Refusal#NONE}.
   */
  public Refusal refusal() {
    return refusal;
  }

  /** Where control goes next. */
  public Flow flow() {
    return flow;
  }

  /**
   * The CPUID feature the instruction belongs to, as the manual spells it; empty for what every
   * x86-64 processor has.
   *
   * <p>{@code AVX/AVX2} means AVX for 128-bit vectors and AVX2 for 256-bit vectors.
   */
  public String feature() {
    return feature;
  }

  /** Whether the instruction uses x87 or MMX state, and so needs it saved across an exit. */
  public boolean usesX87() {
    return usesX87;
  }

  /** Whether LOCK is allowed when the destination is in memory. */
  public boolean lockable() {
    return traits.contains(Trait.LOCK);
  }

  /** Whether this is a string instruction: F2 and F3 repeat it rcx times. */
  public boolean isString() {
    return traits.contains(Trait.STRING);
  }

  /** General-purpose registers read beyond the operands', as {@link Gpr#bit} masks. */
  public int implicitReads() {
    return implicitReads;
  }

  /** General-purpose registers written beyond the operands', as {@link Gpr#bit} masks. */
  public int implicitWrites() {
    return implicitWrites;
  }

  /** Whether bytes decoded to a row at all. */
  public boolean isMatched() {
    return this != INVALID && this != TRUNCATED;
  }

  @Override
  public String toString() {
    return mnemonic + " (" + pattern.text() + ")";
  }

  boolean isVsib() {
    return vsib;
  }

  EncodingPattern pattern() {
    return pattern;
  }

  boolean default64() {
    return default64;
  }

  boolean signedImmediate() {
    return traits.contains(Trait.SIGNED);
  }

  /**
   * Whether the row accepts an F2 or F3 that is not part of its opcode.
   *
   * @param f3 whether it is F3
   * @param locked whether there is a LOCK prefix too
   * @param memory whether ModRM names memory
   */
  boolean acceptsRepeat(boolean f3, boolean locked, boolean memory) {
    if (traits.contains(Trait.STRING) || traits.contains(Trait.REP)) {
      return true;
    }
    boolean lockable = traits.contains(Trait.LOCK);
    boolean hint = traits.contains(Trait.HLE) ? f3 || lockable : lockable && locked;
    return hint && memory;
  }
}
