package org.capvm.libos.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The areas of one address space, sorted, disjoint, neighbours merged. Keeps the files' counts of
 * areas. Not thread-safe: the address space's lock guards it.
 */
final class AreaMap {
  private final TreeMap<Long, MemoryArea> byStart = new TreeMap<>();

  /** Files of areas that were taken out; released once what remains of the areas is in again. */
  private final List<MappedFile> taken = new ArrayList<>();

  private long accountableBytes;
  private long mappedBytes;

  /**
   * What the last search for a gap found out: between these addresses there is none of that length
   * or more. Without it many small areas would make each search longer than the one before.
   */
  private long fullFrom;

  private long fullBelow;
  private long fullForBytes;

  /** The area that contains an address, or null. */
  MemoryArea at(long guestAddress) {
    Map.Entry<Long, MemoryArea> entry = byStart.floorEntry(guestAddress);
    return entry != null && entry.getValue().contains(guestAddress) ? entry.getValue() : null;
  }

  /** The first area that starts above an address, or null. */
  MemoryArea above(long guestAddress) {
    Map.Entry<Long, MemoryArea> entry = byStart.higherEntry(guestAddress);
    return entry == null ? null : entry.getValue();
  }

  /** The last area that starts below an address, or null. */
  MemoryArea below(long guestAddress) {
    Map.Entry<Long, MemoryArea> entry = byStart.lowerEntry(guestAddress);
    return entry == null ? null : entry.getValue();
  }

  /** The areas that overlap a range, cut to it, in order. */
  List<MemoryArea> within(long start, long end) {
    List<MemoryArea> found = new ArrayList<>();
    if (start >= end) {
      return found;
    }
    MemoryArea first = at(start);
    if (first != null) {
      found.add(first.slice(start, end));
    }
    for (MemoryArea area : byStart.subMap(start, false, end, false).values()) {
      found.add(area.slice(start, end));
    }
    return found;
  }

  /** Whether every page of a range is mapped. */
  boolean covers(long start, long end) {
    long next = start;
    while (next < end) {
      MemoryArea area = at(next);
      if (area == null) {
        return false;
      }
      next = area.end();
    }
    return true;
  }

  /** Whether no page of a range is mapped. */
  boolean isFree(long start, long end) {
    if (at(start) != null) {
      return false;
    }
    Long next = byStart.ceilingKey(start);
    return next == null || next >= end;
  }

  /** Forgets a range, cutting areas at its ends. */
  void remove(long start, long end) {
    cutOut(start, end);
    releaseTaken();
  }

  private void cutOut(long start, long end) {
    if (end > fullFrom) {
      MemoryArea next = above(end - 1);
      fullFrom = next == null ? fullBelow : Math.max(fullFrom, next.start());
    }
    for (MemoryArea part : within(start, end)) {
      MemoryArea whole = at(part.start());
      take(whole);
      if (whole.start() < start) {
        put(whole.slice(whole.start(), start));
      }
      if (whole.end() > end) {
        put(whole.slice(end, whole.end()));
      }
    }
  }

  /**
   * Adds an area where nothing is mapped, or replaces what is there; merges it with its neighbours.
   */
  void insert(MemoryArea area) {
    cutOut(area.start(), area.end());
    MemoryArea merged = area;
    MemoryArea before = below(area.start());
    if (before != null && before.continuesWith(merged)) {
      take(before);
      merged = before.movedTo(before.start(), merged.end());
    }
    MemoryArea after = byStart.get(merged.end());
    if (after != null && merged.continuesWith(after)) {
      take(after);
      merged = merged.movedTo(merged.start(), after.end());
    }
    put(merged);
    releaseTaken();
  }

  /**
   * The highest free range of a length inside bounds.
   *
   * @return its start, or -1
   */
  long highestGap(long lengthBytes, long low, long high) {
    boolean known = high == fullBelow && lengthBytes >= fullForBytes;
    long top = known ? Math.min(high, fullFrom) : high;
    while (top - lengthBytes >= low) {
      MemoryArea area = below(top);
      if (area == null || area.end() <= top - lengthBytes) {
        fullFrom = top;
        fullBelow = high;
        fullForBytes = lengthBytes;
        return top - lengthBytes;
      }
      top = Math.min(top, area.start());
    }
    return -1;
  }

  /** All areas, in order. */
  List<MemoryArea> all() {
    return new ArrayList<>(byStart.values());
  }

  int count() {
    return byStart.size();
  }

  long mappedBytes() {
    return mappedBytes;
  }

  long accountableBytes() {
    return accountableBytes;
  }

  private void put(MemoryArea area) {
    byStart.put(area.start(), area);
    mappedBytes += area.length();
    accountableBytes += area.isAccountable() ? area.length() : 0;
    if (area.file() != null) {
      area.file().retain();
    }
  }

  private void take(MemoryArea area) {
    byStart.remove(area.start());
    mappedBytes -= area.length();
    accountableBytes -= area.isAccountable() ? area.length() : 0;
    if (area.file() != null) {
      taken.add(area.file());
    }
  }

  private void releaseTaken() {
    taken.forEach(MappedFile::release);
    taken.clear();
  }
}
