package org.capvm.monitor.escape;

import org.capvm.machine.layout.SlotLayout;
import org.capvm.monitor.memory.Slot;

/**
 * The addresses that programs aim at: the parts of their own address space, and the host's ranges
 * that they must never reach.
 *
 * <pre>
 *   guest 0x0000_0000  one page, so that accesses below it leave the slot
 *   guest 0x0001_0000  data, 64 KiB
 *   guest 0x0010_0000  stack, 64 KiB
 *   guest 0x0040_0000  code, 64 KiB, which programs may also write
 *   guest 0xffff_f000  one page, so that accesses above it leave the slot
 * </pre>
 *
 * @param host addresses of the host: the slot's own ends, its branch table, another slot, the code
 *     cache
 */
record Places(long[] host) {
  static final long FIRST_PAGE = 0;
  static final long DATA = 0x1_0000;
  static final long STACK = 0x10_0000;
  static final long CODE = 0x40_0000;
  static final long LAST_PAGE = 0xFFFF_F000L;
  static final int PAGE_BYTES = 4096;
  static final int AREA_BYTES = 0x1_0000;

  static Places around(Slot own, Slot other, long codeCache) {
    long base = own.hostBase();
    return new Places(
        new long[] {
          base,
          base - 8,
          base + SlotLayout.GUEST_BYTES - 4,
          base + SlotLayout.GUEST_BYTES + SlotLayout.UPPER_GUARD_BYTES,
          base - SlotLayout.LOWER_GUARD_BYTES - 8,
          base - SlotLayout.BYTES_BELOW_BASE,
          base - SlotLayout.BYTES_BELOW_BASE + SlotLayout.branchEntryOffset(CODE),
          other.hostBase() + DATA,
          other.hostBase() - base,
          other.hostBase() - base + DATA,
          codeCache,
          codeCache - base
        });
  }
}
