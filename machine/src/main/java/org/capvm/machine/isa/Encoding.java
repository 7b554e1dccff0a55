package org.capvm.machine.isa;

/** How an instruction's opcode is introduced. */
public enum Encoding {
  /** Legacy prefixes, an optional REX, and one to three opcode bytes. */
  LEGACY,
  /** C5. */
  VEX2,
  /** C4. */
  VEX3,
  /** 62. */
  EVEX,
  /** 8F with an opcode map of 8 to 10; AMD only. */
  XOP;

  private static final Encoding[] BY_ORDINAL = values();

  static Encoding of(int ordinal) {
    return BY_ORDINAL[ordinal];
  }

  /** Which group of table rows applies: 0 legacy, 1 VEX, 2 EVEX, 3 XOP. */
  int family() {
    return switch (this) {
      case LEGACY -> 0;
      case VEX2, VEX3 -> 1;
      case EVEX -> 2;
      case XOP -> 3;
    };
  }
}
