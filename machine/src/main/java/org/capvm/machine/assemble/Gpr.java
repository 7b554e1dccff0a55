package org.capvm.machine.assemble;

/** The numbers of the general-purpose registers, as instructions encode them. */
public final class Gpr {
  /** Accumulator. */
  public static final int RAX = 0;

  /** Counter of shifts and string instructions. */
  public static final int RCX = 1;

  /** High half of products. */
  public static final int RDX = 2;

  /** Callee-saved. */
  public static final int RBX = 3;

  /** Stack pointer. */
  public static final int RSP = 4;

  /** Frame pointer; callee-saved. */
  public static final int RBP = 5;

  /** Source of string instructions. */
  public static final int RSI = 6;

  /** Destination of string instructions. */
  public static final int RDI = 7;

  /** Register 8. */
  public static final int R8 = 8;

  /** Register 9. */
  public static final int R9 = 9;

  /** Register 10. */
  public static final int R10 = 10;

  /** Register 11: the scratch register of translations. */
  public static final int R11 = 11;

  /** Register 12; callee-saved. */
  public static final int R12 = 12;

  /** Register 13; callee-saved. */
  public static final int R13 = 13;

  /** Register 14; callee-saved. */
  public static final int R14 = 14;

  /** Register 15; callee-saved. */
  public static final int R15 = 15;

  /** How many there are. */
  public static final int COUNT = 16;

  /** Stands for "no register" as the base or index of a {@link Memory} operand. */
  public static final int NONE = -1;

  private Gpr() {}
}
