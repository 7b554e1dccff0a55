package org.capvm.monitor.capability;

/**
 * One entry of a cVM's table in native memory: a cache line.
 *
 * <pre>
 *   0x00  handle: the entry's generation, then its index; 0 while the entry is not valid
 *   0x08  base: host address of the first byte
 *   0x10  length in bytes
 *   0x18  permissions (int)          0x1c  seal (int): 0 for none
 *   0x20  uses in flight (int)       0x24  generation (int): of the last handle given out
 *   0x28  host address of the object's count of waiters
 *   0x30  count of waiters (int), if the entry is the object's first capability
 * </pre>
 *
 * <p>A handle is {@code generation << 32 | index}, so that comparing it with the entry's checks
 * validity, index and age at once. Every entry a handle can name lies in the table's mapping, so
 * that no bound needs checking: the index has {@link #INDEX_BITS} bits.
 *
 * <p>A use adds one to the uses in flight, then looks at the handle again, and takes one away when
 * it is over. A revocation clears the handle, then waits until no use is in flight. Both first
 * steps are full fences: either the use sees the handle cleared, or the revocation sees the use.
 */
public final class CapabilityLayout {
  /** Bytes of an entry. */
  public static final int ENTRY_BYTES = 64;

  /** Binary logarithm of {@link #ENTRY_BYTES}. */
  public static final int ENTRY_SHIFT = 6;

  /** The handle, or 0. */
  public static final int HANDLE = 0x00;

  /** Host address of the first byte. */
  public static final int BASE = 0x08;

  /** Bytes from the base on. */
  public static final int LENGTH = 0x10;

  /** {@link Permissions}, an {@code int}. */
  public static final int PERMISSIONS = 0x18;

  /** Seal, an {@code int}; 0 for none. */
  public static final int SEAL = 0x1c;

  /** Uses in flight, an {@code int}. */
  public static final int IN_FLIGHT = 0x20;

  /** Generation of the last handle, an {@code int}, 1 … 2^31 - 1. */
  public static final int GENERATION = 0x24;

  /** Host address of the object's count of waiters. */
  public static final int WAITERS_ADDRESS = 0x28;

  /** The object's count of waiters, an {@code int}. */
  public static final int WAITERS = 0x30;

  /** Bits of an index. */
  public static final int INDEX_BITS = 24;

  /** The part of a handle that is the index. */
  public static final int INDEX_MASK = (1 << INDEX_BITS) - 1;

  /** Bytes of address space of a table. */
  public static final long TABLE_BYTES = (long) ENTRY_BYTES << INDEX_BITS;

  private CapabilityLayout() {}
}
