package org.capvm.machine.isa;

/**
 * The encoding column of a row: which prefixes and ModRM values it matches, and what follows ModRM.
 *
 * <p>Prefixes, ModRM and VEX fields of an instruction are gathered into one integer, the key
 * ({@link #key}); a row matches if the key has {@link #value} in the bits of {@link #mask}. The
 * opcode itself is not in the key: it selects which rows are tried.
 *
 * @param text the column as written
 * @param mask bits of the key that matter
 * @param value what they must be
 * @param hasModrm whether a ModRM byte follows the opcode
 * @param mandatoryPrefix whether F2 or F3 is part of the opcode
 * @param immediate what follows ModRM, SIB and displacement
 */
record EncodingPattern(
    String text,
    int mask,
    int value,
    boolean hasModrm,
    boolean mandatoryPrefix,
    ImmediateLayout immediate) {

  /** The pattern of {@link InstructionForm#INVALID} and {@link InstructionForm#TRUNCATED}. */
  static final EncodingPattern NOTHING =
      new EncodingPattern("", 0, 0, false, false, ImmediateLayout.NONE);

  // The key's fields. PP is 0 for none, 1 for 66, 2 for F3, 3 for F2; with F2 or F3 present a 66
  // shows in OPERAND_SIZE_16 only.
  private static final int PP_SHIFT = 0;
  private static final int PP_MASK = 3 << PP_SHIFT;
  private static final int W = 1 << 2;
  private static final int LENGTH_SHIFT = 3;
  private static final int LENGTH_MASK = 3 << LENGTH_SHIFT;
  private static final int RM_SHIFT = 5;
  private static final int RM_MASK = 7 << RM_SHIFT;
  private static final int REG_SHIFT = 8;
  private static final int REG_MASK = 7 << REG_SHIFT;
  private static final int REGISTER_FORM = 1 << 11;
  private static final int OPERAND_SIZE_16 = 1 << 12;
  private static final int VVVV_USED = 1 << 13;
  private static final int REX_B = 1 << 14;
  private static final int REPEAT = 2 << PP_SHIFT;

  /** The key of an instruction with these {@link Prefixes} and ModRM byte (0 if it has none). */
  static int key(int prefixes, int modrm) {
    int key = Prefixes.pp(prefixes) << PP_SHIFT | (modrm & 0x3f) << RM_SHIFT;
    if (modrm >= 0xc0) {
      key |= REGISTER_FORM;
    }
    if ((prefixes & Prefixes.W) != 0) {
      key |= W;
    } else if ((prefixes & Prefixes.OPERAND_SIZE) != 0) {
      key |= OPERAND_SIZE_16;
    }
    if ((prefixes & Prefixes.B) != 0) {
      key |= REX_B;
    }
    if (Prefixes.vvvv(prefixes) != 0) {
      key |= VVVV_USED;
    }
    return key | Prefixes.vectorLength(prefixes) << LENGTH_SHIFT;
  }

  boolean matches(int key) {
    return (key & mask) == value;
  }

  /** Whether 66 is part of the opcode, so that it does not change the operand size. */
  boolean mandatory66() {
    return (mask & PP_MASK) == PP_MASK && (value & PP_MASK) == 1 << PP_SHIFT;
  }

  /** This pattern, further restricted to register forms or to memory forms of ModRM. */
  EncodingPattern withRegisterForm(boolean register) {
    return with(REGISTER_FORM, register ? REGISTER_FORM : 0);
  }

  /** This pattern, further restricted to a SIB byte, as vector-indexed memory needs. */
  EncodingPattern withSib() {
    return withRegisterForm(false).with(RM_MASK, 4 << RM_SHIFT);
  }

  /** This pattern, further restricted to a VEX prefix that names no register in vvvv. */
  EncodingPattern withoutVvvv() {
    return with(VVVV_USED, 0);
  }

  private EncodingPattern with(int moreMask, int moreValue) {
    return new EncodingPattern(
        text, mask | moreMask, value | moreValue, hasModrm, mandatoryPrefix, immediate);
  }

  /**
   * Parses an encoding column.
   *
   * @param text the whole column
   * @param beforeOpcode its part before the opcode byte
   * @param afterOpcode its part after the opcode byte and the {@code +r} or {@code +cc} attached to
   *     it
   * @throws IllegalStateException if the column has a word that is not in the table's notation
   */
  static EncodingPattern parse(String text, String beforeOpcode, String afterOpcode) {
    Parser parser = new Parser();
    for (String word : words(beforeOpcode)) {
      parser.prefix(word);
    }
    for (String word : words(afterOpcode)) {
      parser.suffix(word);
    }
    return new EncodingPattern(
        text, parser.mask, parser.value, parser.hasModrm, parser.mandatoryPrefix, parser.immediate);
  }

  private static String[] words(String text) {
    String stripped = text.strip();
    return stripped.isEmpty() ? new String[0] : stripped.split(" ", -1);
  }

  private static final class Parser {
    private int mask;
    private int value;
    private boolean hasModrm;
    private boolean mandatoryPrefix;
    private ImmediateLayout immediate = ImmediateLayout.NONE;

    private void require(int bits, int required) {
      mask |= bits;
      value |= required;
    }

    private void prefix(String word) {
      int dot = word.indexOf('.');
      if (dot > 0 && !word.startsWith("REX")) {
        for (String part : word.substring(dot + 1).split("\\.", -1)) {
          vexField(part);
        }
        return;
      }
      switch (word) {
        case "0F", "38", "3A" -> {}
        case "NP" -> require(PP_MASK, 0);
        case "66" -> require(PP_MASK, 1 << PP_SHIFT);
        case "F3" -> mandatory(2);
        case "F2" -> mandatory(3);
        case "NFx" -> require(REPEAT, 0);
        case "o16" -> require(OPERAND_SIZE_16, OPERAND_SIZE_16);
        case "no16" -> require(OPERAND_SIZE_16, 0);
        case "REX.W" -> require(W, W);
        case "REX.W0" -> require(W, 0);
        case "REX.B0" -> require(REX_B, 0);
        default -> throw unknown(word);
      }
    }

    private void mandatory(int pp) {
      mandatoryPrefix = true;
      require(PP_MASK, pp << PP_SHIFT);
    }

    private void vexField(String part) {
      switch (part) {
        case "128", "LZ", "L0" -> require(LENGTH_MASK, 0);
        case "256", "L1" -> require(LENGTH_MASK, 1 << LENGTH_SHIFT);
        case "128/256", "LIG", "WIG", "0F", "0F38", "0F3A", "M5", "M6", "M8", "M9", "MA" -> {}
        case "NP" -> require(PP_MASK, 0);
        case "66" -> require(PP_MASK, 1 << PP_SHIFT);
        case "F3" -> require(PP_MASK, 2 << PP_SHIFT);
        case "F2" -> require(PP_MASK, 3 << PP_SHIFT);
        case "W0" -> require(W, 0);
        case "W1" -> require(W, W);
        default -> throw unknown(part);
      }
    }

    private void suffix(String word) {
      switch (word) {
        case "/r" -> hasModrm = true;
        case "ib", "cb", "/is4" -> immediate = ImmediateLayout.BYTE;
        case "iw" -> immediate = ImmediateLayout.WORD;
        case "id", "cd" -> immediate = ImmediateLayout.DWORD;
        case "iz" -> immediate = ImmediateLayout.WORD_OR_DWORD;
        case "iv" -> immediate = ImmediateLayout.OPERAND_SIZE;
        case "iwib" -> immediate = ImmediateLayout.WORD_AND_BYTE;
        case "moffs" -> immediate = ImmediateLayout.ADDRESS;
        default -> modrm(word);
      }
    }

    private void modrm(String word) {
      hasModrm = true;
      if (word.length() == 2 && word.charAt(0) == '/') {
        require(REG_MASK, Character.digit(word.charAt(1), 8) << REG_SHIFT);
        return;
      }
      int modrm = Integer.parseInt(word, 0, 2, 16);
      require(REGISTER_FORM | REG_MASK, REGISTER_FORM | (modrm & 0x38) << RM_SHIFT);
      if (word.length() == 2) {
        require(RM_MASK, (modrm & 7) << RM_SHIFT);
      } else if (!word.endsWith("+i")) {
        throw unknown(word);
      }
    }

    private static IllegalStateException unknown(String word) {
      return new IllegalStateException("unknown word in an encoding: " + word);
    }
  }
}
