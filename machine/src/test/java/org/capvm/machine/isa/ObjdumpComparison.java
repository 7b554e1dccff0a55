package org.capvm.machine.isa;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Compares what {@link Decoder} and objdump make of the same bytes: length, mnemonic and operands.
 *
 * <p>{@link Verdict} lists, with reasons, all differences that are meant.
 */
final class ObjdumpComparison {
  private static final Pattern PREFIX_ONLY =
      Pattern.compile(
          "(data16|addr32|lock|repn?z|rep|bnd|xacquire|xrelease|[cdefgs]s|rex(\\.\\w+)?)( .*)?");

  private static final Pattern NEAR_BRANCH = Pattern.compile("(j|call|ret|loop).*");

  private ObjdumpComparison() {}

  /** The outcome for one instruction. */
  enum Verdict {
    /** Same length, mnemonic and operands; or both call it invalid. */
    SAME,

    /**
     * Refused here, with the right length or as {@code (bad)} to objdump: nothing else about it
     * matters.
     */
    REFUSED,

    /**
     * A prefix that the rest of the bytes cannot use, on a line of its own; for the processor it is
     * part of what follows.
     */
    PREFIX_ALONE,

    /**
     * A 66, F2, F3 or LOCK that the instruction gives no meaning is reserved and invalid here;
     * objdump names and ignores it.
     */
    RESERVED_PREFIX,

    /** Both FS and GS: which one counts is not documented, so it is invalid here. */
    TWO_SEGMENTS,

    /**
     * Near branches with a 16-bit operand size mean different things to Intel and AMD, so they are
     * invalid here.
     */
    BRANCH_OF_16_BITS,

    /** A 66 that F2 or F3 makes meaningless is printed as if it shortened a register. */
    SPURIOUS_66,

    /**
     * A gather that names a register twice is {@code (bad)} to objdump; the processor raises #UD
     * when it gets there.
     */
    GATHER_INTO_ITS_INDEX,

    /**
     * objdump takes 9B for a prefix of the x87 instruction that follows; the processor has two
     * instructions.
     */
    FWAIT_APART,

    /** The fences ignore ModRM.rm, says Intel's manual; objdump wants 0 of two of them. */
    FENCE_WITH_ANY_RM,

    /** Whether F3 90 with REX.B pauses or exchanges is not documented, so it is invalid here. */
    PAUSE_WITH_REX_B,

    /**
     * A REX prefix before VEX, or a VEX field that must be zero, raises #UD; objdump ignores it.
     */
    VEX_RULES,

    /**
     * Control and debug registers are accessed with any ModRM.mod; here with mod 3 alone, since
     * they are refused anyway.
     */
    CONTROL_REGISTER_WITH_ANY_MOD,

    /** An extension that the table leaves out ({@link #LEFT_OUT}), so that it is invalid. */
    LEFT_OUT,

    /** A difference that is not meant. */
    DIFFERENT
  }

  /**
   * AMX products, Key Locker, AVX-VNNI-INT8, AVX-IFMA, AVX-NE-CONVERT, CMPCCXADD, RAO-INT, PadLock,
   * TDX, MSRLIST; FRSTPM of the 80287 XL.
   */
  private static final Pattern LEFT_OUT =
      Pattern.compile(
          "(tdp\\w+|aes(enc|dec)(wide)?(128|256)kl|encodekey(128|256)|loadiwkey|vpdpb[su][su]ds?|vpmadd52[hl]uq"
              + "|vcvtne(ps2bf16|[eo]{1,2}ph2ps|[eo]e?bf162ps|obf162ps)|vbcstne\\w+2ps|cmp\\w+xadd|a(add|and|or|xor)"
              + "|xstore-rng|xcrypt-\\w+|montmul|xsha\\w+|td(call|mcall)|seam\\w+|(rd|wr)msrlist|wrmsrns|pbndkb|frstpm\\(287|hreset|ccs_\\w+|mcommit|pvalidate|rmp\\w+|psmash|fsub4\\w*)("
              + " .*)?");

  /** What the decoder makes of all these bytes: text as objdump prints it, or {@code (bad)}. */
  static String decode(byte[] bytes, long address) {
    Instruction instruction = Decoder.decode(bytes, 0, bytes.length);
    if (!instruction.form().isMatched()) {
      return "(bad)";
    }
    return instruction.length() == bytes.length
        ? IntelPrinter.print(instruction, address)
        : "length " + instruction.length();
  }

  /**
   * Compares.
   *
   * @param bytes the bytes at the line's address, which are more than the line's own if objdump
   *     gave up early
   */
  static Verdict compare(Objdump.Line line, byte[] bytes) {
    return line.isBad() ? compareBad(bytes) : compareGood(line);
  }

  private static Verdict compareBad(byte[] bytes) {
    Instruction instruction = Decoder.decode(bytes, 0, bytes.length);
    InstructionForm form = instruction.form();
    if (form == InstructionForm.INVALID) {
      return Verdict.SAME;
    }
    if (form.isMatched() && form.policy() == Policy.REFUSE) {
      return Verdict.REFUSED;
    }
    if (instruction.isVsib() && namesARegisterTwice(instruction)) {
      return Verdict.GATHER_INTO_ITS_INDEX;
    }
    return form.mnemonic().endsWith("FENCE") ? Verdict.FENCE_WITH_ANY_RM : Verdict.DIFFERENT;
  }

  private static boolean namesARegisterTwice(Instruction gather) {
    int destination = gather.register(gather.form().operands().get(0));
    return destination == gather.index()
        || destination == gather.vvvv()
        || gather.index() == gather.vvvv();
  }

  private static Verdict compareGood(Objdump.Line line) {
    byte[] bytes = line.bytes();
    String ours = decode(bytes, line.address());
    if (ours.equals(line.text())) {
      return Verdict.SAME;
    }
    Instruction instruction = Decoder.decode(bytes, 0, bytes.length);
    InstructionForm form = instruction.form();
    if (form == InstructionForm.INVALID) {
      return whyInvalid(line);
    }
    if (form == InstructionForm.TRUNCATED) {
      boolean prefixOnly =
          PREFIX_ONLY.matcher(line.printed()).matches() || line.text().startsWith(".byte");
      return prefixOnly ? Verdict.PREFIX_ALONE : Verdict.DIFFERENT;
    }
    if (instruction.length() != bytes.length) {
      return form.mnemonic().equals("FWAIT") ? Verdict.FWAIT_APART : Verdict.DIFFERENT;
    }
    if (form.mnemonic().equals("FWAIT")) {
      return Verdict.FWAIT_APART;
    }
    if (form.policy() == Policy.REFUSE) {
      return Verdict.REFUSED;
    }
    boolean sameMnemonic = ours.split(" ", 2)[0].equals(line.text().split(" ", 2)[0]);
    boolean meaningless66 = instruction.hasOperandSizePrefix() && instruction.pp() != 1;
    return sameMnemonic && meaningless66 ? Verdict.SPURIOUS_66 : Verdict.DIFFERENT;
  }

  private static Verdict whyInvalid(Objdump.Line line) {
    if (LEFT_OUT.matcher(line.text()).matches()) {
      return Verdict.LEFT_OUT;
    }
    if (sameWithout(line, 0x64) || sameWithout(line, 0x65)) {
      return Verdict.TWO_SEGMENTS;
    }
    if (sameWithout(line, 0xf0)
        || sameWithout(line, 0xf2, 0xf3, 0xf0)
        || sameWithout(line, 0x66, 0xf2, 0xf3, 0xf0)) {
      return Verdict.RESERVED_PREFIX;
    }
    if (has66(line.bytes()) && NEAR_BRANCH.matcher(line.text()).matches()) {
      return Verdict.BRANCH_OF_16_BITS;
    }
    if (line.text().equals("pause")) {
      return Verdict.PAUSE_WITH_REX_B;
    }
    if (line.text().startsWith("f") && opcode(line.bytes()) == 0x9b) {
      return Verdict.FWAIT_APART;
    }
    if (line.text().matches("mov (r\\w+,[cd]r\\d+|[cd]r\\d+,r\\w+)")) {
      return Verdict.CONTROL_REGISTER_WITH_ANY_MOD;
    }
    boolean vex = line.text().startsWith("v");
    return vex
            && (line.printed().startsWith("rex") || line.text().matches("vzero.*|v(ld|st)mxcsr.*"))
        ? Verdict.VEX_RULES
        : Verdict.DIFFERENT;
  }

  private static boolean has66(byte[] bytes) {
    for (int i = 0; Prefixes.with(0, bytes[i] & 0xff) >= 0; i++) {
      if (bytes[i] == 0x66) {
        return true;
      }
    }
    return false;
  }

  private static int opcode(byte[] bytes) {
    int i = 0;
    while (Prefixes.with(0, bytes[i] & 0xff) >= 0) {
      i++;
    }
    return bytes[i] & 0xff;
  }

  /** Whether objdump's text is what the decoder makes of the bytes without these prefixes. */
  private static boolean sameWithout(Objdump.Line line, int... prefixes) {
    byte[] rest = new byte[line.bytes().length];
    int length = 0;
    boolean inPrefixes = true;
    for (byte b : line.bytes()) {
      int value = b & 0xff;
      inPrefixes &= Prefixes.with(0, value) >= 0;
      if (!inPrefixes || Arrays.stream(prefixes).noneMatch(prefix -> prefix == value)) {
        rest[length++] = b;
      }
    }
    // Relative branches count from the end, which stays where it is.
    long address = line.address() + line.bytes().length - length;
    byte[] kept = Arrays.copyOf(rest, length);
    if (length == line.bytes().length) {
      return false;
    }
    Instruction instruction = Decoder.decode(kept, 0, length);
    return decode(kept, address).equals(line.text())
        || (instruction.form().isMatched()
            && instruction.form().policy() == Policy.REFUSE
            && instruction.length() == length);
  }

  static String describe(Objdump.Line line) {
    return "%x: %s: objdump [%s], decoder [%s]"
        .formatted(
            line.address(),
            HexFormat.of().formatHex(line.bytes()),
            line.printed(),
            decode(line.bytes(), line.address()));
  }
}
