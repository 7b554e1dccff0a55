package org.capvm.machine.isa;

/** Where control goes after an instruction. */
public enum Flow {
  /** To the next instruction. */
  NEXT,
  /** To the relative target. */
  JUMP,
  /** To the relative target or to the next instruction. */
  CONDITIONAL,
  /** To the relative target, with the address of the next instruction pushed. */
  CALL,
  /** To the address popped from the stack. */
  RETURN,
  /** To the address in a register or in memory. */
  INDIRECT_JUMP,
  /** To the address in a register or in memory, with the address of the next instruction pushed. */
  INDIRECT_CALL,
  /** Into the kernel and back to the next instruction. */
  SYSTEM_CALL,
  /** Nowhere: the instruction always faults in user mode, or is refused. */
  STOP
}
