package org.capvm.libos.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Mman;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.machine.error.HostException;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;
import org.capvm.monitor.memory.Slot;

/** The pages of a slot, as areas see them: the host's refusals become errnos. Thread-safe as the slot is. */
final class SlotPages {
  private static final int CHUNK_PAGES = 8192;

  private final Slot slot;

  SlotPages(Slot slot) {
    this.slot = slot;
  }

  GuestMemory memory() {
    return slot.memory();
  }

  void map(MemoryArea area) {
    refusalsAsErrno(
        () -> {
          if (area.file() == null) {
            slot.mapAnonymous(area.start(), area.length(), area.hostProtection());
          } else {
            slot.mapFile(
                area.start(),
                area.length(),
                area.hostProtection(),
                area.isShared(),
                area.file().hostDescriptor(),
                area.fileOffset());
          }
        });
  }

  void unmap(long guestAddress, long lengthBytes) {
    refusalsAsErrno(() -> slot.unmap(guestAddress, lengthBytes));
  }

  void protect(long guestAddress, long lengthBytes, int hostProtection) {
    refusalsAsErrno(() -> slot.protect(guestAddress, lengthBytes, hostProtection));
  }

  void move(long oldAddress, long oldLength, long newAddress, long newLength) {
    refusalsAsErrno(() -> slot.move(oldAddress, oldLength, newAddress, newLength));
  }

  void advise(long guestAddress, long lengthBytes, int advice) {
    refusalsAsErrno(() -> slot.advise(guestAddress, lengthBytes, advice));
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
