package org.capvm.libos.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.Hostcalls;
import org.capvm.monitor.memory.Slot;

/**
 * Finds the pages of a private mapping that have been written, and so differ from the file behind
 * it ({@code /proc/self/pagemap}, Linux Documentation/admin-guide/mm/pagemap.rst).
 *
 * <p>Threads: the one that made it. A page written while its mapping is scanned may or may not be
 * found: callers keep guests out of it.
 */
final class PageMap implements AutoCloseable {
  private static final long PAGE_BYTES = 4096;
  private static final int ENTRY_BYTES = 8;
  private static final int ENTRIES = 4096;

  private static final long PRESENT_OR_SWAPPED = 3L << 62;
  private static final long OF_FILE = 1L << 61;

  private final int descriptor =
      (int) ErrnoException.check(Hostcalls.openForReading("/proc/self/pagemap"));
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment entries = arena.allocate((long) ENTRIES * ENTRY_BYTES, ENTRY_BYTES);

  /** An array is read fast before the JVM has compiled the loop too: most processes fork early. */
  private final long[] copy = new long[ENTRIES];

  /** Takes the runs of pages that a scan finds. */
  @FunctionalInterface
  interface Run {
    /** A run of written pages, as large as possible. */
    void found(long guestAddress, long lengthBytes);
  }

  /**
   * Scans a range of a slot.
   *
   * @param guestAddress a multiple of 4096
   * @param lengthBytes a multiple of 4096
   */
  void findWrittenPages(Slot slot, long guestAddress, long lengthBytes, Run run) {
    long firstPage = slot.hostAddress(guestAddress, lengthBytes) / PAGE_BYTES;
    long pages = lengthBytes / PAGE_BYTES;
    long runStart = -1;
    for (long done = 0; done < pages; done += ENTRIES) {
      int count = (int) Math.min(ENTRIES, pages - done);
      read(firstPage + done, count);
      for (int i = 0; i < count; i++) {
        long entry = copy[i];
        boolean written = (entry & PRESENT_OR_SWAPPED) != 0 && (entry & OF_FILE) == 0;
        if (written && runStart < 0) {
          runStart = done + i;
        } else if (!written && runStart >= 0) {
          report(run, guestAddress, runStart, done + i);
          runStart = -1;
        }
      }
    }
    if (runStart >= 0) {
      report(run, guestAddress, runStart, pages);
    }
  }

  private static void report(Run run, long guestAddress, long firstPage, long endPage) {
    run.found(guestAddress + firstPage * PAGE_BYTES, (endPage - firstPage) * PAGE_BYTES);
  }

  private void read(long page, int count) {
    long wanted = (long) count * ENTRY_BYTES;
    long got = Hostcalls.pread(descriptor, entries.address(), wanted, page * ENTRY_BYTES);
    if (got != wanted) {
      throw new IllegalStateException("short read of /proc/self/pagemap");
    }
    MemorySegment.copy(entries, ValueLayout.JAVA_LONG, 0, copy, 0, count);
  }

  @Override
  public void close() {
    arena.close();
    Hostcalls.close(descriptor);
  }
}
