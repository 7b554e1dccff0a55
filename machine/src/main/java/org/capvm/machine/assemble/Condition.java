package org.capvm.machine.assemble;

/**
 * The condition codes of {@code jcc}, {@code setcc} and {@code cmovcc}, as instructions encode
 * them.
 */
public final class Condition {
  /** Overflow. */
  public static final int OVERFLOW = 0;

  /** No overflow. */
  public static final int NOT_OVERFLOW = 1;

  /** Unsigned less; carry. */
  public static final int BELOW = 2;

  /** Unsigned greater or equal; no carry. */
  public static final int ABOVE_OR_EQUAL = 3;

  /** Equal; zero. */
  public static final int EQUAL = 4;

  /** Not equal; not zero. */
  public static final int NOT_EQUAL = 5;

  /** Unsigned less or equal. */
  public static final int BELOW_OR_EQUAL = 6;

  /** Unsigned greater. */
  public static final int ABOVE = 7;

  /** Negative. */
  public static final int SIGN = 8;

  /** Not negative. */
  public static final int NOT_SIGN = 9;

  /** Even parity. */
  public static final int PARITY = 10;

  /** Odd parity. */
  public static final int NOT_PARITY = 11;

  /** Signed less. */
  public static final int LESS = 12;

  /** Signed greater or equal. */
  public static final int GREATER_OR_EQUAL = 13;

  /** Signed less or equal. */
  public static final int LESS_OR_EQUAL = 14;

  /** Signed greater. */
  public static final int GREATER = 15;

  private Condition() {}
}
