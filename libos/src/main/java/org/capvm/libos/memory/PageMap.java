package org.capvm.libos.memory;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.monitor.memory.Slot;

/**
 * Finds the pages of a private mapping that have been written, and so differ from the file behind
 * it ({@code /proc/self/pagemap}, Linux Documentation/admin-guide/mm/pagemap.rst). Since Linux 6.7
 * the kernel looks for them itself ({@code PAGEMAP_SCAN}); before, it gives an entry for each page.
 *
 * <p>Threads: any. A page written while its mapping is scanned may or may not be found.
 */
final class PageMap implements AutoCloseable {
  private static final long PAGE_BYTES = 4096;
  private static final int ENTRY_BYTES = 8;
  private static final int ENTRIES = 4096;

  private static final long PRESENT_OR_SWAPPED = 3L << 62;
  private static final long OF_FILE = 1L << 61;

  /** {@code struct pm_scan_arg} and {@code struct page_region} of {@code linux/fs.h}. */
  private static final long PAGEMAP_SCAN = 0xc060_6610L;

  private static final int SCAN_BYTES = 96;
  private static final int REGION_BYTES = 24;
  private static final int REGIONS = 1024;
  private static final long PAGE_IS_FILE = 1 << 2;
  private static final long PAGE_IS_PRESENT = 1 << 3;
  private static final long PAGE_IS_SWAPPED = 1 << 4;

  private final int descriptor =
      (int) ErrnoException.check(Hostcalls.openForReading("/proc/self/pagemap"));

  private volatile boolean kernelScans;

  /** A run of written pages, as large as possible. */
  record Run(long start, long lengthBytes) {}

  PageMap() {
    this(true);
  }

  /**
   * @param kernelScans whether to try what kernels can do since 6.7
   */
  PageMap(boolean kernelScans) {
    this.kernelScans = kernelScans;
  }

  /**
   * The written pages of a range of a slot, in order.
   *
   * @param guestAddress a multiple of 4096
   * @param lengthBytes a multiple of 4096
   */
  List<Run> writtenPages(Slot slot, long guestAddress, long lengthBytes) {
    List<Run> runs = new ArrayList<>();
    if (!kernelScans || !scan(slot, guestAddress, lengthBytes, runs)) {
      readEntries(slot, guestAddress, lengthBytes, runs);
    }
    return runs;
  }

  private boolean scan(Slot slot, long guestAddress, long lengthBytes, List<Run> runs) {
    long toGuest = guestAddress - slot.hostAddress(guestAddress, lengthBytes);
    long end = guestAddress + lengthBytes - toGuest;
    MemorySegment scratch = HostScratch.get();
    for (long from = guestAddress - toGuest; from < end; ) {
      long[] scan = {
        SCAN_BYTES,
        0,
        from,
        end,
        0,
        scratch.address() + SCAN_BYTES,
        REGIONS,
        0,
        PAGE_IS_FILE,
        PAGE_IS_FILE,
        PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
        PAGE_IS_FILE
      };
      MemorySegment.copy(scan, 0, scratch, JAVA_LONG, 0, scan.length);
      long found = Hostcalls.ioctl(descriptor, PAGEMAP_SCAN, scratch.address());
      if (found < 0) {
        kernelScans = false;
        runs.clear();
        return false;
      }
      for (long at = SCAN_BYTES; at < SCAN_BYTES + found * REGION_BYTES; at += REGION_BYTES) {
        long start = scratch.get(JAVA_LONG, at);
        long length = scratch.get(JAVA_LONG, at + ENTRY_BYTES) - start;
        runs.add(new Run(start + toGuest, length));
      }
      from = scratch.get(JAVA_LONG, 4 * ENTRY_BYTES);
    }
    return true;
  }

  private void readEntries(Slot slot, long guestAddress, long lengthBytes, List<Run> runs) {
    // An array is read fast before the JVM has compiled the loop, too: most processes fork early.
    long[] entries = new long[ENTRIES];
    long firstPage = slot.hostAddress(guestAddress, lengthBytes) / PAGE_BYTES;
    long pages = lengthBytes / PAGE_BYTES;
    long runStart = -1;
    for (long done = 0; done < pages; done += ENTRIES) {
      int count = (int) Math.min(ENTRIES, pages - done);
      read(firstPage + done, entries, count);
      for (int i = 0; i < count; i++) {
        long entry = entries[i];
        boolean written = (entry & PRESENT_OR_SWAPPED) != 0 && (entry & OF_FILE) == 0;
        if (written && runStart < 0) {
          runStart = done + i;
        } else if (!written && runStart >= 0) {
          runs.add(run(guestAddress, runStart, done + i));
          runStart = -1;
        }
      }
    }
    if (runStart >= 0) {
      runs.add(run(guestAddress, runStart, pages));
    }
  }

  private static Run run(long guestAddress, long firstPage, long endPage) {
    return new Run(guestAddress + firstPage * PAGE_BYTES, (endPage - firstPage) * PAGE_BYTES);
  }

  private void read(long page, long[] entries, int count) {
    MemorySegment scratch = HostScratch.get();
    long wanted = (long) count * ENTRY_BYTES;
    long got = Hostcalls.pread(descriptor, scratch.address(), wanted, page * ENTRY_BYTES);
    if (got != wanted) {
      throw new IllegalStateException("short read of /proc/self/pagemap");
    }
    MemorySegment.copy(scratch, JAVA_LONG, 0, entries, 0, count);
  }

  @Override
  public void close() {
    Hostcalls.close(descriptor);
  }
}
