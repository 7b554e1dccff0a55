package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.PROT_WRITE;
import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;

import java.util.List;
import java.util.TreeMap;

/**
 * Counts the mappings of the host that a slot's guest memory takes, what is reserved between areas
 * included. Never counts fewer than there are.
 *
 * <p>The kernel makes neighbours one when it changes one of them and they then differ in nothing
 * (Linux mm/vma.c). Private pages that may have been written are an exception: two neighbours that
 * both have some stay apart unless the kernel keeps these in the same {@code anon_vma}, and where
 * memory is never overcommitted, what was writable does not become one with what was not. Here both
 * always stay apart.
 *
 * <p>Guest addresses are page-aligned. Threads: any; guarded by this object's monitor.
 */
final class HostMappings {
  private static final Run RESERVED = new Run(new Object(), 0, 0, true, false);

  /** Runs of pages that are one mapping, by their start; each ends where the next one starts. */
  private final TreeMap<Long, Run> runs = new TreeMap<>();

  /**
   * @param content what is mapped; the same object for mappings that can become one
   * @param shift what to add to a guest address to get the content's offset
   * @param hasOwnPages whether private pages may have been written
   */
  private record Run(
      Object content, long shift, int protection, boolean shared, boolean hasOwnPages) {

    Run withProtection(int changed) {
      return new Run(content, shift, changed, shared, hasOwnPages);
    }

    Run withOwnPages(boolean changed) {
      return new Run(content, shift, protection, shared, changed);
    }

    boolean isReserved() {
      return content == RESERVED.content;
    }

    boolean mayGetOwnPages() {
      return !shared && (protection & PROT_WRITE) != 0;
    }

    boolean becomesOneWith(Run next) {
      return content == next.content
          && shift == next.shift
          && protection == next.protection
          && shared == next.shared
          && (mayGetOwnPages()
              ? !hasOwnPages || !next.hasOwnPages
              : !hasOwnPages && !next.hasOwnPages);
    }
  }

  /** Counts for an empty slot. */
  HostMappings() {
    runs.put(0L, RESERVED);
  }

  /** How many there are at most. */
  synchronized int count() {
    return runs.size();
  }

  /** Whether private pages of a range may have been written since they were mapped. */
  synchronized boolean mayHaveOwnPages(long start, long end) {
    for (Run run : runs.subMap(runs.floorKey(start), end).values()) {
      if (run.hasOwnPages()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Something was mapped.
   *
   * @param content identifies it: mappings of the same object can become one
   * @param offset in it
   */
  synchronized void map(
      long start, long end, Object content, long offset, int hostProtection, boolean shared) {
    put(start, end, new Run(content, offset - start, hostProtection, shared, false));
  }

  /** How many more there will be when a range is reserved again; may be negative. */
  synchronized int growthByUnmap(long start, long end) {
    boolean cutsBefore = start > 0 && !runs.lowerEntry(start).getValue().isReserved();
    boolean cutsBehind = end < GUEST_BYTES && !runs.floorEntry(end).getValue().isReserved();
    int bounds = (cutsBefore ? 1 : 0) + (cutsBehind ? 1 : 0);
    return bounds - runs.subMap(start, true, end, true).size();
  }

  /** A range was reserved again. */
  synchronized void unmap(long start, long end) {
    put(start, end, RESERVED);
  }

  /** The protection of a range was changed. */
  synchronized void protect(long start, long end, int hostProtection) {
    for (long bound : new long[] {start, end - 1}) {
      // A mapping that has the protection already is not cut.
      if (runs.floorEntry(bound).getValue().protection() != hostProtection) {
        cut(bound == start ? start : end);
      }
    }
    for (long at : List.copyOf(runs.subMap(start, end).keySet())) {
      Run run = runs.get(at);
      if (run.protection() != hostProtection) {
        runs.put(at, run.withProtection(hostProtection));
        join(at);
        join(end);
        markOwnPages(at);
      }
    }
  }

  /** A mapping was moved, and its length changed. */
  synchronized void move(long start, long end, long newStart, long newEnd) {
    Run run = runs.floorEntry(start).getValue();
    long shift = run.shift() + start - newStart;
    set(
        newStart,
        newEnd,
        new Run(run.content(), shift, run.protection(), run.shared(), run.hasOwnPages()));
    unmap(start, end);
  }

  private void put(long start, long end, Run run) {
    set(start, end, run);
    join(start);
    join(end);
    markOwnPages(start);
  }

  private void set(long start, long end, Run run) {
    cut(start);
    cut(end);
    runs.subMap(start, end).clear();
    runs.put(start, run);
  }

  /** The guest may write from now on what it may write. */
  private void markOwnPages(long at) {
    var changed = runs.floorEntry(at);
    if (changed.getValue().mayGetOwnPages()) {
      runs.put(changed.getKey(), changed.getValue().withOwnPages(true));
    }
  }

  /** Lets a run start at an address, unless one does. */
  private void cut(long at) {
    if (at < GUEST_BYTES) {
      runs.putIfAbsent(at, runs.floorEntry(at).getValue());
    }
  }

  /** Makes the run that starts at an address one with the run before it, if the kernel does. */
  private void join(long at) {
    Run next = runs.get(at);
    var before = runs.lowerEntry(at);
    if (next != null && before != null && before.getValue().becomesOneWith(next)) {
      runs.remove(at);
      boolean ownPages = before.getValue().hasOwnPages() || next.hasOwnPages();
      runs.put(before.getKey(), before.getValue().withOwnPages(ownPages));
    }
  }
}
