package org.capvm.libos.memory;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.machine.error.HostException;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.memory.Slot;

/**
 * A slot that no address space has, and what is in it.
 *
 * @param siblings whose it may become, or null
 * @param pages its pages
 * @param code whose translations it shows
 * @param mapped all that is mapped in it, as {@link MemoryArea#hostRuns} gives it
 */
record MappedSlot(
    SpareSlots.Siblings siblings, SlotPages pages, CodeRanges code, List<MemoryArea> mapped) {
  /**
   * A new one, with nothing in it.
   *
   * @throws ErrnoException ENOMEM if the host has no room for it
   */
  static MappedSlot empty(Intravisor intravisor, MemoryFile memoryFile, MemoryLimit limit) {
    Slot slot;
    try {
      slot = intravisor.newSlot();
    } catch (HostException e) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    SlotPages pages = new SlotPages(slot, memoryFile);
    try {
      CodeRanges code =
          new CodeRanges(pages, limit, memory -> intravisor.newCodeSpace(slot, memory));
      return new MappedSlot(null, pages, code, List.of());
    } catch (HostException e) {
      slot.close();
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /** Mappings of the host that it takes, at most. */
  int hostMappings() {
    return MemoryAccount.SLOT_MAPPINGS + pages.hostMappings() + code.hostMappings();
  }

  /** Gives it back. */
  void close() {
    code.close();
    // The slot gives all of its pages back at once.
    pages.slot().close();
  }
}
