package org.capvm.machine.assemble;

/**
 * A place in the code of one {@link Assembler}, bound at most once; branches may name it before
 * that.
 */
public final class Label {
  private static final int UNBOUND = -1;

  private int offset = UNBOUND;

  /** Whether {@link Assembler#bind} has been called for it. */
  public boolean isBound() {
    return offset != UNBOUND;
  }

  /**
   * Where the label is, in bytes from the start of the code.
   *
   * @throws IllegalStateException if it is not bound yet
   */
  public int offset() {
    if (offset == UNBOUND) {
      throw new IllegalStateException("label is not bound");
    }
    return offset;
  }

  void bind(int codeOffset) {
    if (offset != UNBOUND) {
      throw new IllegalStateException("label is bound already");
    }
    offset = codeOffset;
  }
}
