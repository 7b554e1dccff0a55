package org.capvm.machine.isa;

/** The register files an operand can name a register of. */
public enum RegisterClass {
  /** The operand is never a register. */
  NONE,
  /** rax to r15 and their parts. */
  GPR,
  /** xmm and ymm registers. */
  VECTOR,
  /** mm0 to mm7, which share their state with {@link #X87}. */
  MMX,
  /** st(0) to st(7). */
  X87,
  /** es, cs, ss, ds, fs, gs, numbered in this order. */
  SEGMENT,
  /** cr0 to cr15. */
  CONTROL,
  /** dr0 to dr15. */
  DEBUG,
  /** k0 to k7. */
  MASK
}
