package org.capvm.libos.memory;

import static org.capvm.libos.abi.Whence.SEEK_DATA;
import static org.capvm.libos.abi.Whence.SEEK_HOLE;
import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;

import java.util.Map;
import java.util.TreeMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.Hostcalls;
import org.capvm.monitor.memory.Slot;

/**
 * The anonymous memory of one cVM as a file, so that address spaces can share pages copy-on-write.
 *
 * <p>An address space that alone holds a range maps it shared: what it writes is in the file. When
 * it forks, it and its child map the range privately: the file keeps what both see, and each keeps
 * its own changes. The file counts how many address spaces hold each byte, and gives back the
 * memory of those that none does.
 *
 * <p>The file is sparse and is used in planes of {@link
 * org.capvm.machine.layout.SlotLayout#GUEST_BYTES}: guest address {@code a} of an address space
 * goes to {@code plane * 4 GiB + a} where that is free, so that neighbours in guest memory are
 * neighbours in the file and cost the host one mapping.
 *
 * <p>Offsets and lengths are in bytes, multiples of 4096. Threads: any; guarded by this object's
 * monitor.
 */
public final class MemoryFile implements AutoCloseable {
  /** Planes that fit the largest file Linux has. */
  private static final long MAX_PLANES = (1L << 62) / GUEST_BYTES;

  /** The file's length stays, and the range reads as zeros ({@code fallocate(2)}). */
  private static final int PUNCH_HOLE_KEEP_SIZE = 3;

  private final int descriptor;

  /** Held ranges by their start; they do not overlap, and what is in none is free. */
  private final TreeMap<Long, Held> held = new TreeMap<>();

  private long planes;

  /** Tells what is in the file from what is not, in mappings of it; null before it is asked. */
  private PageMap pageMap;

  private record Held(long end, int holders) {}

  /** Takes the runs that {@link #findWritten} finds. */
  @FunctionalInterface
  interface Run {
    /** A run of bytes that the file has memory for. */
    void found(long offset, long lengthBytes);
  }

  /** Makes an empty file. */
  public MemoryFile() {
    descriptor = (int) ErrnoException.check(Hostcalls.memfdCreate("capvm-memory"));
    ErrnoException.check(Hostcalls.ftruncate(descriptor, MAX_PLANES * GUEST_BYTES));
  }

  /** The file, for mappings; it stays this object's own. */
  public int descriptor() {
    return descriptor;
  }

  /** What private mappings of the file have been written to; it stays this object's own. */
  synchronized PageMap pageMap() {
    if (pageMap == null) {
      pageMap = new PageMap();
    }
    return pageMap;
  }

  /** A plane that nothing has been put in. */
  public synchronized long newPlane() {
    if (planes == MAX_PLANES) {
      throw new IllegalStateException("no plane left in the memory of a cVM");
    }
    return planes++;
  }

  /**
   * Takes a range for one holder. It reads as zeros.
   *
   * @return false if part of it is held
   */
  public synchronized boolean take(long offset, long lengthBytes) {
    if (!isFree(offset, lengthBytes)) {
      return false;
    }
    put(offset, offset + lengthBytes, 1);
    return true;
  }

  /** Whether nobody holds any of a range. */
  public synchronized boolean isFree(long offset, long lengthBytes) {
    var below = held.lowerEntry(offset + lengthBytes);
    return below == null || below.getValue().end() <= offset;
  }

  /** Whether there is just one holder of all of a range. */
  public synchronized boolean isExclusive(long offset, long lengthBytes) {
    long end = offset + lengthBytes;
    Long first = held.floorKey(offset);
    if (first == null) {
      return false;
    }
    for (Held range : held.subMap(first, end).values()) {
      if (range.end() > offset && range.holders() != 1) {
        return false;
      }
    }
    return true;
  }

  /** Adds a holder of a range that is held. */
  public synchronized void retain(long offset, long lengthBytes) {
    change(offset, lengthBytes, 1);
  }

  /** Removes a holder; what nobody holds any more is given back to the host. */
  public synchronized void release(long offset, long lengthBytes) {
    change(offset, lengthBytes, -1);
  }

  /** Makes a range read as zeros and gives its memory back; it stays held. */
  public void clear(long offset, long lengthBytes) {
    ErrnoException.check(
        Hostcalls.fallocate(descriptor, PUNCH_HOLE_KEEP_SIZE, offset, lengthBytes));
  }

  /** Finds what of a range has memory, in the host's or swapped out; the rest reads as zeros. */
  void findWritten(long offset, long lengthBytes, Run run) {
    long end = offset + lengthBytes;
    long from = Hostcalls.lseek(descriptor, offset, SEEK_DATA);
    while (from >= 0 && from < end) {
      long hole = ErrnoException.check(Hostcalls.lseek(descriptor, from, SEEK_HOLE));
      run.found(from, Math.min(hole, end) - from);
      from = Hostcalls.lseek(descriptor, hole, SEEK_DATA);
    }
  }

  /**
   * Copies pages of a slot into the file.
   *
   * @throws ErrnoException ENOSPC if there is no memory, EFAULT if the pages cannot be read
   */
  public void write(long offset, Slot slot, long guestAddress, long lengthBytes) {
    long from = slot.hostAddress(guestAddress, lengthBytes);
    for (long done = 0; done < lengthBytes; ) {
      done +=
          ErrnoException.check(
              Hostcalls.pwrite(descriptor, from + done, lengthBytes - done, offset + done));
    }
  }

  private void change(long offset, long lengthBytes, int by) {
    Map<Long, Held> pieces = pieces(offset, lengthBytes);
    // All go before any comes back: a range that comes back may become one with the next.
    pieces.keySet().forEach(held::remove);
    pieces.forEach(
        (start, range) -> {
          if (range.holders() + by > 0) {
            put(start, range.end(), range.holders() + by);
          } else {
            clear(start, range.end() - start);
          }
        });
  }

  /** The held ranges that make up a range, cut at its ends; a copy. */
  private Map<Long, Held> pieces(long offset, long lengthBytes) {
    long end = offset + lengthBytes;
    cut(offset);
    cut(end);
    TreeMap<Long, Held> found = new TreeMap<>(held.subMap(offset, end));
    long covered = 0;
    for (Map.Entry<Long, Held> each : found.entrySet()) {
      covered += each.getValue().end() - each.getKey();
    }
    if (covered != lengthBytes) {
      throw new IllegalArgumentException("part of " + offset + " + " + lengthBytes + " is free");
    }
    return found;
  }

  /** Makes a held range that contains an offset two, which meet there. */
  private void cut(long offset) {
    var entry = held.lowerEntry(offset);
    if (entry != null && entry.getValue().end() > offset) {
      Held range = entry.getValue();
      held.put(entry.getKey(), new Held(offset, range.holders()));
      held.put(offset, range);
    }
  }

  /** Adds a range, and makes it one with neighbours that have as many holders. */
  private void put(long offset, long end, int holders) {
    long start = offset;
    var below = held.lowerEntry(offset);
    if (below != null
        && below.getValue().end() == offset
        && below.getValue().holders() == holders) {
      start = below.getKey();
    }
    Held above = held.get(end);
    long newEnd = end;
    if (above != null && above.holders() == holders) {
      held.remove(end);
      newEnd = above.end();
    }
    held.put(start, new Held(newEnd, holders));
  }

  /** Gives the memory back. No slot maps the file any more. */
  @Override
  public synchronized void close() {
    if (pageMap != null) {
      pageMap.close();
    }
    Hostcalls.close(descriptor);
  }
}
