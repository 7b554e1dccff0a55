package org.capvm.libos.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Mman;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.machine.error.HostException;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;
import org.capvm.monitor.memory.Slot;

/**
 * The pages of a slot, as areas see them: the host's refusals become errnos. Thread-safe as the
 * slot is.
 */
final class SlotPages {
  private static final int CHUNK_PAGES = 8192;

  private final Slot slot;
  private final MemoryFile memoryFile;
  private final HostMappings mappings = new HostMappings();
  private volatile int settledMappings;

  /**
   * @param memoryFile holds the content of areas that have a {@link Backing}
   */
  SlotPages(Slot slot, MemoryFile memoryFile) {
    this.slot = slot;
    this.memoryFile = memoryFile;
  }

  /** The slot. */
  Slot slot() {
    return slot;
  }

  GuestMemory memory() {
    return slot.memory();
  }

  /** Mappings of the host that the guest's memory takes, at most. */
  int hostMappings() {
    return mappings.count();
  }

  /** The same, which is what the cVM has been charged for from now on. */
  int settleHostMappings() {
    settledMappings = mappings.count();
    return settledMappings;
  }

  /** How many there are that the cVM has not been charged for. */
  int unsettledHostMappings() {
    return mappings.count() - settledMappings;
  }

  /** How many more there will be when a range is unmapped; may be negative. */
  int growthByUnmap(long start, long end) {
    return mappings.growthByUnmap(start, end);
  }

  void map(MemoryArea area) {
    refusalsAsErrno(
        () -> {
          Backing backing = area.backing();
          if (backing != null) {
            slot.mapFile(
                area.start(),
                area.length(),
                area.hostProtection(),
                !backing.copyOnWrite(),
                memoryFile.descriptor(),
                backing.offset());
            mappings.map(
                area.start(),
                area.end(),
                memoryFile,
                backing.offset(),
                area.hostProtection(),
                !backing.copyOnWrite());
          } else {
            slot.mapFile(
                area.start(),
                area.length(),
                area.hostProtection(),
                area.isShared(),
                area.file().hostDescriptor(),
                area.fileOffset());
            // File systems that lie over others give each mapping a file of its own.
            mappings.map(
                area.start(),
                area.end(),
                new Object(),
                area.fileOffset(),
                area.hostProtection(),
                area.isShared());
          }
        });
  }

  /**
   * Lets the slot have other mappings.
   *
   * @param there those it has, as {@link MemoryArea#hostRuns} gives them
   * @param due those it is to have, in the same way
   */
  void change(List<MemoryArea> there, List<MemoryArea> due) {
    Map<Long, MemoryArea> left = HashMap.newHashMap(there.size());
    there.forEach(run -> left.put(run.start(), run));
    List<MemoryArea> missing = new ArrayList<>();
    for (MemoryArea run : due) {
      MemoryArea atStart = left.get(run.start());
      if (atStart != null && atStart.isOnHostAs(run)) {
        left.remove(run.start());
      } else {
        missing.add(run);
      }
    }
    left.values().forEach(run -> unmap(run.start(), run.length()));
    missing.forEach(this::map);
  }

  void unmap(long guestAddress, long lengthBytes) {
    refusalsAsErrno(() -> slot.unmap(guestAddress, lengthBytes));
    mappings.unmap(guestAddress, guestAddress + lengthBytes);
  }

  void protect(long guestAddress, long lengthBytes, int hostProtection) {
    refusalsAsErrno(() -> slot.protect(guestAddress, lengthBytes, hostProtection));
    mappings.protect(guestAddress, guestAddress + lengthBytes, hostProtection);
  }

  void move(long oldAddress, long oldLength, long newAddress, long newLength) {
    refusalsAsErrno(() -> slot.move(oldAddress, oldLength, newAddress, newLength));
    mappings.move(oldAddress, oldAddress + oldLength, newAddress, newAddress + newLength);
  }

  void advise(long guestAddress, long lengthBytes, int advice) {
    refusalsAsErrno(() -> slot.advise(guestAddress, lengthBytes, advice));
  }

  /** What was written to private mappings is gone: they read as what they map. */
  void dropWritten() {
    advise(0, AddressLayout.END, Mman.MADV_DONTNEED);
  }

  /** Copies pages into the memory file, for areas to map it there. */
  void copyToFile(long guestAddress, long lengthBytes, long offset) {
    memoryFile.write(offset, slot, guestAddress, lengthBytes);
  }

  /** Makes areas' memory read as zeros. */
  void clearFile(long offset, long lengthBytes) {
    memoryFile.clear(offset, lengthBytes);
  }

  /** Lets pages read as zeros that the guest can write; the memory they have stays theirs. */
  void clearWritten(long guestAddress, long lengthBytes, long offset) {
    memoryFile.findWritten(
        offset,
        lengthBytes,
        (start, bytes) -> memory().fill(guestAddress + start - offset, bytes, (byte) 0));
  }

  /** The pages of a privately mapped area that were written. */
  List<PageMap.Run> writtenPages(MemoryArea area) {
    return mappings.mayHaveOwnPages(area.start(), area.end())
        ? memoryFile.pageMap().writtenPages(slot, area.start(), area.length())
        : List.of();
  }

  /** Brings pages in; a page that cannot be is left for the access to find out. */
  void populate(MemoryArea area) {
    int advice = area.isWritable() ? Mman.MADV_POPULATE_WRITE : Mman.MADV_POPULATE_READ;
    try {
      advise(area.start(), area.length(), advice);
    } catch (ErrnoException e) {
      // MAP_POPULATE promises nothing.
    }
  }

  /** Copies code, up to the first page that cannot be read. */
  int readCode(long guestAddress, byte[] target, int offset, int lengthBytes) {
    int done = 0;
    while (done < lengthBytes) {
      long address = guestAddress + done;
      int chunk =
          (int) Math.min(lengthBytes - done, AddressLayout.PAGE - (address % AddressLayout.PAGE));
      try {
        memory().read(address, target, offset + done, chunk);
      } catch (GuestMemoryFault e) {
        break;
      }
      done += chunk;
    }
    return done;
  }

  byte[] residency(long guestAddress, long lengthBytes) {
    int total = (int) (lengthBytes / AddressLayout.PAGE);
    byte[] result = new byte[total];
    MemorySegment scratch = HostScratch.get();
    for (int done = 0; done < total; done += CHUNK_PAGES) {
      int pages = Math.min(CHUNK_PAGES, total - done);
      long bytes = pages * AddressLayout.PAGE;
      long host = slot.hostAddress(guestAddress + done * AddressLayout.PAGE, bytes);
      ErrnoException.check(Hostcalls.mincore(host, bytes, scratch.address()));
      MemorySegment.copy(scratch, ValueLayout.JAVA_BYTE, 0, result, done, pages);
    }
    return result;
  }

  void sync(long guestAddress, long lengthBytes, int flags) {
    long host = slot.hostAddress(guestAddress, lengthBytes);
    ErrnoException.check(Hostcalls.msync(host, lengthBytes, flags));
  }

  private static void refusalsAsErrno(Runnable change) {
    try {
      change.run();
    } catch (HostException e) {
      throw ErrnoException.of(e.errno());
    }
  }
}
