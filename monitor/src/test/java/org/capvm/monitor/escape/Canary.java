package org.capvm.monitor.escape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.machine.host.HostMemory.MAP_ANONYMOUS;
import static org.capvm.machine.host.HostMemory.MAP_FIXED_NOREPLACE;
import static org.capvm.machine.host.HostMemory.MAP_PRIVATE;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.monitor.escape.Places.AREA_BYTES;
import static org.capvm.monitor.escape.Places.DATA;
import static org.capvm.monitor.escape.Places.PAGE_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.capvm.machine.error.HostException;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.SlotLayout;
import org.capvm.monitor.memory.Slot;

/**
 * Memory beside a guest that must never change: another slot's, and pages right at both ends of the
 * guest's own reservation.
 */
final class Canary implements AutoCloseable {
  private static final long PATTERN = 0xCA9A_12F0_5EED_BEEFL;

  private final Slot neighbour;
  private final byte[] expected;
  private final List<Long> pages = new ArrayList<>();

  /**
   * @param neighbour an empty slot, which stays the caller's
   * @param guarded the slot that programs run in
   */
  Canary(Slot neighbour, Slot guarded) {
    this.neighbour = neighbour;
    neighbour.mapAnonymous(DATA, AREA_BYTES, PROT_READ | PROT_WRITE);
    MemorySegment words = MemorySegment.ofArray(new byte[AREA_BYTES]);
    for (int at = 0; at < AREA_BYTES; at += Long.BYTES) {
      words.set(ValueLayout.JAVA_LONG_UNALIGNED, at, PATTERN + at);
    }
    expected = words.toArray(ValueLayout.JAVA_BYTE);
    neighbour.memory().write(DATA, expected, 0, expected.length);
    long start = guarded.hostBase() - SlotLayout.BYTES_BELOW_BASE;
    place(start - PAGE_BYTES);
    place(start + SlotLayout.RESERVED_BYTES);
  }

  /**
   * Where another mapping is already there is nothing to add: it is the neighbour's reservation.
   */
  private void place(long address) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    try {
      HostMemory.mmap(address, PAGE_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
    } catch (HostException occupied) {
      return;
    }
    for (int at = 0; at < PAGE_BYTES; at += Long.BYTES) {
      RawMemory.putLong(address + at, PATTERN + at);
    }
    pages.add(address);
  }

  /** Fails if a byte has changed. */
  void check() {
    byte[] now = new byte[AREA_BYTES];
    neighbour.memory().read(DATA, now, 0, now.length);
    assertThat(Arrays.mismatch(now, expected)).as("first change in the neighbour").isNegative();
    for (long page : pages) {
      for (int at = 0; at < PAGE_BYTES; at += Long.BYTES) {
        assertThat(RawMemory.getLong(page + at)).as("host 0x%x", page + at).isEqualTo(PATTERN + at);
      }
    }
  }

  @Override
  public void close() {
    pages.forEach(page -> HostMemory.munmap(page, PAGE_BYTES));
  }
}
