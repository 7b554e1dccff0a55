package org.capvm.monitor.memory;

import static org.capvm.machine.host.HostMemory.PROT_NONE;
import static org.capvm.machine.layout.SlotLayout.BASE_ALIGNMENT;
import static org.capvm.machine.layout.SlotLayout.BYTES_BELOW_BASE;
import static org.capvm.machine.layout.SlotLayout.RESERVED_BYTES;

import java.util.ArrayDeque;
import org.capvm.machine.host.HostMemory;

/**
 * Reserves the host ranges of slots and reuses those given back.
 *
 * <p>A reservation costs address space and no memory. Ranges are kept for the allocator's life:
 * giving one back and reserving it anew would let someone else's mapping in between.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
public final class SlotAllocator implements AutoCloseable {
  private final FaultSafeAccess access;
  private final ArrayDeque<Long> free = new ArrayDeque<>();
  private int inUse;

  /**
   * @param access how Java reaches the memory of the slots
   */
  public SlotAllocator(FaultSafeAccess access) {
    this.access = access;
  }

  /**
   * Takes an empty slot.
   *
   * @throws org.capvm.machine.error.HostException if there is no address space left for one
   */
  public synchronized Slot allocate() {
    Long recycled = free.poll();
    long hostBase = recycled != null ? recycled : reserve();
    inUse++;
    return new Slot(this, hostBase, access);
  }

  /** Slots that are taken and not closed. */
  public synchronized int slotsInUse() {
    return inUse;
  }

  synchronized void release(long hostBase) {
    inUse--;
    free.push(hostBase);
  }

  private static long reserve() {
    long length = RESERVED_BYTES + BASE_ALIGNMENT;
    long start = HostMemory.reserve(length, PROT_NONE);
    long hostBase = (start + BYTES_BELOW_BASE + BASE_ALIGNMENT - 1) & -BASE_ALIGNMENT;
    long slotStart = hostBase - BYTES_BELOW_BASE;
    long slotEnd = slotStart + RESERVED_BYTES;
    if (slotStart > start) {
      HostMemory.munmap(start, slotStart - start);
    }
    if (start + length > slotEnd) {
      HostMemory.munmap(slotEnd, start + length - slotEnd);
    }
    return hostBase;
  }

  /** Gives all free ranges back to the host. Slots still in use keep theirs. */
  @Override
  public synchronized void close() {
    for (long hostBase : free) {
      HostMemory.munmap(hostBase - BYTES_BELOW_BASE, RESERVED_BYTES);
    }
    free.clear();
  }
}
