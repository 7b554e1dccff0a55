package org.capvm.machine.layout;

/**
 * The fixed shape of the host range around one guest address space.
 *
 * <p>All offsets are from {@code B}, the slot's base, which GS holds while a guest runs and which
 * is a multiple of 4 GiB:
 *
 * <pre>
 *   B - 34 GiB  ┌───────────────────────────┐
 *               │ branch table (read-only)  │  entry of guest pc p at B - 2 GiB - 8 * (p + 1)
 *   B -  2 GiB  ├───────────────────────────┤
 *               │ guard (no access)         │
 *   B           ├───────────────────────────┤
 *               │ guest memory              │  guest addresses 0 … 2^32 - 1
 *   B +  4 GiB  ├───────────────────────────┤
 *               │ guard (no access)         │
 *   B +  8 GiB  └───────────────────────────┘
 * </pre>
 *
 * <p>The guards are sized for the two kinds of address that emitted code forms without truncation:
 * {@code rsp} plus a displacement of less than {@link #MAX_STACK_DISPLACEMENT}, and a string
 * instruction running off either end.
 */
public final class SlotLayout {
  private static final long GIB = 1L << 30;

  /** Bytes of guest memory: the whole range of a 32-bit guest address. */
  public static final long GUEST_BYTES = 4 * GIB;

  /** Alignment of {@code B}: its low 32 bits are zero, so truncating a host address strips it. */
  public static final long BASE_ALIGNMENT = 4 * GIB;

  /** Bytes of no-access guard between the branch table and guest memory. */
  public static final long LOWER_GUARD_BYTES = 2 * GIB;

  /** Bytes of no-access guard above guest memory. */
  public static final long UPPER_GUARD_BYTES = 4 * GIB;

  /** Bytes of a branch-table entry: one host address. */
  public static final int BRANCH_ENTRY_BYTES = 8;

  /** Bytes of address space the branch table takes: an entry for every guest address. */
  public static final long BRANCH_TABLE_BYTES = GUEST_BYTES * BRANCH_ENTRY_BYTES;

  /** Bytes between the start of a slot's reservation and {@code B}. */
  public static final long BYTES_BELOW_BASE = BRANCH_TABLE_BYTES + LOWER_GUARD_BYTES;

  /** Bytes of one slot's whole reservation. */
  public static final long RESERVED_BYTES = BYTES_BELOW_BASE + GUEST_BYTES + UPPER_GUARD_BYTES;

  /**
   * Displacement in {@code jmp gs:[r11 * 8 + disp32]} that reaches the branch table when {@code
   * r11} holds {@code ~pc}: {@code B - 2 GiB - 8 * (pc + 1)}.
   */
  public static final int BRANCH_TABLE_DISPLACEMENT = (int) -LOWER_GUARD_BYTES;

  /**
   * Absolute displacements from {@code rsp} in emitted code stay below this, so that with the stack
   * pointer at most {@link #MAX_STACK_STEP} bytes outside the slot an access still hits a guard.
   */
  public static final int MAX_STACK_DISPLACEMENT = 1 << 30;

  /**
   * The stack pointer moves by at most this many bytes between two accesses to the stack, so that
   * it cannot leave the guards unnoticed.
   */
  public static final int MAX_STACK_STEP = 1 << 16;

  /** Guest code lies below this address, so that a return address fits {@code push imm32}. */
  public static final long GUEST_CODE_LIMIT = 2 * GIB;

  private SlotLayout() {}

  /**
   * Offset of the entry of {@code guestPc} from the lowest address of the branch table.
   *
   * @param guestPc a guest address, 0 … 2^32 - 1
   */
  public static long branchEntryOffset(long guestPc) {
    return BRANCH_TABLE_BYTES - BRANCH_ENTRY_BYTES * (guestPc + 1);
  }
}
