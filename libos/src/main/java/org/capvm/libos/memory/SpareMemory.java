package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;

/**
 * Memory that one address space has unmapped and the host still has: its pages stay in the slot,
 * out of the guest's reach, until the next mapping of the same pages gets them, cleared.
 *
 * <p>Programs unmap memory only to map it again soon: allocators give back and ask, one call apart.
 * To clear a page that is there takes a tenth of what giving it back to the host and a fault on a
 * new one take.
 *
 * <p>It is charged like mapped memory, and goes as soon as there is no room for something else.
 *
 * <p>Not thread-safe: the address space's lock guards it.
 */
final class SpareMemory {
  /** The most there is in one address space. */
  static final long MOST_BYTES = 32L << 20;

  private final SlotPages pages;
  private final AnonymousMemory anonymous;
  private final AreaMap areas = new AreaMap();

  SpareMemory(SlotPages pages, AnonymousMemory anonymous) {
    this.pages = pages;
    this.anonymous = anonymous;
  }

  /** Bytes that are spare. */
  long bytes() {
    return areas.mappedBytes();
  }

  /**
   * Keeps an area that the guest unmaps, if it is of use: what others share copy-on-write and what
   * could not be written is not.
   *
   * @return false if the area remains to be unmapped
   */
  boolean keep(MemoryArea area) {
    boolean fresh = area.backing() != null && !area.backing().copyOnWrite();
    if (!fresh || !area.isWritable() || area.isExecutable() || area.length() > MOST_BYTES) {
      return false;
    }
    if (bytes() + area.length() > MOST_BYTES) {
      drop();
    }
    pages.protect(area.start(), area.length(), 0);
    areas.insert(plain(area.start(), area.end(), area.backing()));
    return true;
  }

  /**
   * Gives the guest pages for a new area of private anonymous memory: mapped, and reading as zeros.
   *
   * @return where their content is; null if not all of the pages are spare
   */
  Backing take(MemoryArea area) {
    MemoryArea around = areas.at(area.start());
    if (around == null || around.end() < area.end() || !area.isWritable()) {
      return null;
    }
    Backing backing = around.slice(area.start(), area.end()).backing();
    pages.protect(area.start(), area.length(), area.hostProtection());
    pages.clearWritten(area.start(), area.length(), backing.offset());
    areas.remove(area.start(), area.end());
    return backing;
  }

  /** Gives all of it back to the host. */
  void drop() {
    drop(0, AddressLayout.END);
  }

  /** Gives back to the host what is spare in a range. */
  void drop(long start, long end) {
    for (MemoryArea area : areas.within(start, end)) {
      pages.unmap(area.start(), area.length());
      anonymous.release(area);
    }
    areas.remove(start, end);
  }

  /** Gives back what is in a part of the memory file, so that something else can be there. */
  void dropFromFile(long offset, long lengthBytes) {
    for (MemoryArea area : areas.all()) {
      long start = area.backing().offset();
      if (start < offset + lengthBytes && start + area.length() > offset) {
        drop(area.start(), area.end());
      }
    }
  }

  /** Gives back the room in the memory file; the slot has no mappings any more. */
  void release() {
    anonymous.release(areas.all());
    areas.remove(0, AddressLayout.END);
  }

  /** An area of which nothing matters but where it is, so that neighbours become one. */
  private static MemoryArea plain(long start, long end, Backing backing) {
    return new MemoryArea(start, end, PROT_READ | PROT_WRITE, 0, 0, null, 0, backing, null);
  }
}
