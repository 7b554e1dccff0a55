package org.capvm.machine.verify;

/**
 * What must hold for a translation unit to be confined; one member for each way to be refused.
 *
 * <p>Words used below: the <i>slot</i> is the 4 GiB of guest memory at {@code B}, which GS holds; a
 * <i>sequence</i> is one of those in {@link FixedSequences}; a <i>touch</i> is an access to memory
 * near {@code rsp} that cannot be skipped; a <i>label</i> is an offset that a direct branch or the
 * branch table can send control to.
 */
public enum Rule {
  /** Every byte belongs to one instruction of a linear decode from offset 0. */
  DECODES,

  /**
   * The prefixes of an instruction can be read in one way only; see {@link
   * Listing#hasPlainPrefixes}.
   */
  PLAIN_PREFIXES,

  /** The instruction is one that {@link InstructionKind} allows. Nothing is allowed by default. */
  ALLOWED_INSTRUCTION,

  /** A direct branch has no prefix, except the 67 of {@code jecxz} and {@code loop}. */
  BRANCH_ENCODING,

  /**
   * An explicit memory operand is {@code gs:} with a 32-bit address, {@code [rsp + disp]} without
   * index, or {@code fs:} as {@link #CONTEXT_FIELD} says. One that is not accessed ({@code lea},
   * {@code nop}) is free, but nothing computes a host address of code.
   */
  CONFINED_OPERAND,

  /**
   * {@code [rsp + disp]} stays below {@link
   * org.capvm.machine.layout.SlotLayout#MAX_STACK_DISPLACEMENT}.
   */
  STACK_DISPLACEMENT,

  /**
   * {@code fs:[disp]} is absolute, and within a context field that translations may read or write
   * as they do.
   */
  CONTEXT_FIELD,

  /**
   * {@code bt}, {@code bts}, {@code btr} and {@code btc} of memory with a 64-bit bit offset run
   * only on an offset just reduced to the operand: otherwise it moves the access by up to 2^60
   * bytes, and no manual promises that the sum is truncated. An offset of 32 bits moves it by 256
   * MiB, which the guards cover.
   */
  BIT_OFFSET_SEQUENCE,

  /**
   * {@code rsp} is changed only by push and pop, by a constant of at most {@link
   * org.capvm.machine.layout.SlotLayout#MAX_STACK_STEP} bytes, or by the sequence that adds {@code
   * B} to a new {@code esp}.
   */
  STACK_POINTER_WRITE,

  /**
   * {@code rsp} is read as an operand only where {@code B} is stripped: {@code mov r32, esp} and
   * 32-bit {@code lea}.
   */
  STACK_POINTER_READ,

  /**
   * After a constant was added to {@code rsp} the stack is touched before the next such change,
   * label or transfer of control: otherwise a loop could walk {@code rsp} over a guard.
   */
  STACK_TOUCH,

  /**
   * A string instruction runs only between the rebasing and the stripping of the registers it
   * addresses memory with.
   */
  STRING_SEQUENCE,

  /** {@code xsave} and its kin run only with a mask just reduced to x87, SSE and AVX state. */
  STATE_SEQUENCE,

  /**
   * An indirect jump is the one through the branch table, and {@code r11} was just made a valid
   * index.
   */
  TABLE_JUMP_SEQUENCE,

  /**
   * A direct branch reaches a legal label of this unit, or a target outside that the caller vouches
   * for.
   */
  BRANCH_TARGET,

  /**
   * A patch site is the 32-bit distance of a direct branch, at a host address that is a multiple of
   * 4: replacing it changes nothing else, and other threads see the old distance or the new one.
   */
  PATCH_SITE,

  /**
   * An entry offset is the start of an instruction, not inside a sequence, and no stack touch is
   * pending there.
   */
  ENTRY_POINT,

  /** The last instruction does not fall through. */
  FALLS_OFF_THE_END
}
