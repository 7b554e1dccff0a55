package org.capvm.machine.isa;

/** What changes how a row is decoded; all but the last are words in the table's last column. */
enum Trait {
  /**
   * LOCK is accepted with a memory destination; so are F2 and F3 together with LOCK, as transaction
   * hints.
   */
  LOCK,
  /**
   * F3, and with {@link #LOCK} also F2, is accepted as a transaction hint without LOCK if the
   * operand is memory.
   */
  HLE,
  /** F2 and F3 are accepted and mean nothing: branch hints, padding. */
  REP,
  /** F2 and F3 are accepted and repeat the instruction rcx times. */
  STRING,
  /** The operand size is 8 without REX.W. */
  D64,
  /** Uses x87 or MMX state beyond its operands. */
  X87,
  /**
   * The immediate is sign-extended; set by the operand's type, for example {@code imm8s} or {@code
   * rel32}.
   */
  SIGNED
}
