package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.PROT_READ;

import java.util.List;

/**
 * Puts neighbouring areas that lie in different places of the memory file into one place, where
 * they are one mapping of the host.
 *
 * <p>Other threads of the address space may be running: the pages are read-only meanwhile. A thread
 * that stores to one faults, waits for the address space's lock and tries again.
 *
 * <p>Used with the address space's lock held.
 */
record AreaJoin(SlotPages pages, AnonymousMemory anonymous, AreaMap areas) {
  /**
   * Joins areas.
   *
   * @param parts in order, without gaps, alike but for their places
   * @param place room for all of them
   */
  MemoryArea join(List<MemoryArea> parts, Backing place) {
    MemoryArea first = parts.getFirst();
    MemoryArea joined = first.movedTo(first.start(), parts.getLast().end()).withBacking(place);
    pages.protect(joined.start(), joined.length(), PROT_READ);
    pages.copyToFile(joined.start(), joined.length(), place.offset());
    pages.map(joined);
    parts.forEach(anonymous::release);
    areas.insert(joined);
    return joined;
  }
}
