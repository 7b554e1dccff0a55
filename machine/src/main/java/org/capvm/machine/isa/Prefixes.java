package org.capvm.machine.isa;

/**
 * What precedes an instruction's opcode, packed into one integer.
 *
 * <p>The bits W, R, X and B are REX's or, not inverted, those of VEX, EVEX and XOP.
 */
final class Prefixes {
  static final int LOCK = 1;

  /** F3 is the last of F2 and F3. */
  static final int REP = 1 << 1;

  /** F2 is the last of F2 and F3. */
  static final int REPNE = 1 << 2;

  static final int OPERAND_SIZE = 1 << 3;
  static final int ADDRESS_SIZE = 1 << 4;

  /** 64 is the last of 64 and 65. */
  static final int FS = 1 << 5;

  /** 65 is the last of 64 and 65. */
  static final int GS = 1 << 6;

  /** A REX prefix is in force, even if it is 40. */
  static final int REX = 1 << 7;

  static final int B = 1 << 8;
  static final int X = 1 << 9;
  static final int R = 1 << 10;
  static final int W = 1 << 11;

  /** REX and its bits: what any later prefix undoes. */
  static final int REX_STATE = REX | B | X | R | W;

  private static final int ENCODING_SHIFT = 12;
  private static final int LENGTH_SHIFT = 15;
  private static final int VVVV_SHIFT = 17;
  private static final int MAP_SHIFT = 21;
  private static final int PP_SHIFT = 25;

  private Prefixes() {}

  /**
   * {@code prefixes} with the legacy prefix or REX byte {@code b} added, or -1 if {@code b} is
   * neither.
   */
  static int with(int prefixes, int b) {
    int others = prefixes & ~REX_STATE;
    return switch (b) {
      case 0x40,
          0x41,
          0x42,
          0x43,
          0x44,
          0x45,
          0x46,
          0x47,
          0x48,
          0x49,
          0x4a,
          0x4b,
          0x4c,
          0x4d,
          0x4e,
          0x4f ->
          others | REX | (b & 0xf) << 8;
      case 0x66 -> others | OPERAND_SIZE;
      case 0x67 -> others | ADDRESS_SIZE;
      case 0x26, 0x2e, 0x36, 0x3e -> others;
      case 0x64 -> (others & ~GS) | FS;
      case 0x65 -> (others & ~FS) | GS;
      case 0xf0 -> others | LOCK;
      case 0xf2 -> (others & ~REP) | REPNE;
      case 0xf3 -> (others & ~REPNE) | REP;
      default -> -1;
    };
  }

  /**
   * {@code prefixes} with the opcode map and what a VEX, EVEX or XOP prefix says besides W, R, X
   * and B.
   */
  static int withMap(int prefixes, Encoding encoding, int map, int pp, int vectorLength, int vvvv) {
    return prefixes
        | encoding.ordinal() << ENCODING_SHIFT
        | map << MAP_SHIFT
        | pp << PP_SHIFT
        | vectorLength << LENGTH_SHIFT
        | vvvv << VVVV_SHIFT;
  }

  static Encoding encoding(int prefixes) {
    return Encoding.of(prefixes >>> ENCODING_SHIFT & 7);
  }

  /** 0 for 128 bits or none, 1 for 256, 2 for 512. */
  static int vectorLength(int prefixes) {
    return prefixes >>> LENGTH_SHIFT & 3;
  }

  static int vvvv(int prefixes) {
    return prefixes >>> VVVV_SHIFT & 15;
  }

  /**
   * 0 for one-byte opcodes, 1 for 0F, 2 for 0F 38, 3 for 0F 3A, and what EVEX and XOP number
   * further.
   */
  static int map(int prefixes) {
    return prefixes >>> MAP_SHIFT & 15;
  }

  /**
   * The prefix that can be part of the opcode: 0 none, 1 for 66, 2 for F3, 3 for F2. F2 and F3 hide
   * 66.
   */
  static int pp(int prefixes) {
    if ((prefixes & (REP | REPNE | OPERAND_SIZE)) == 0) {
      return prefixes >>> PP_SHIFT & 3;
    }
    return (prefixes & REP) != 0 ? 2 : (prefixes & REPNE) != 0 ? 3 : 1;
  }
}
