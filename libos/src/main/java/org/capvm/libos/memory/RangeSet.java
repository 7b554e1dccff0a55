package org.capvm.libos.memory;

import java.util.Map;
import java.util.TreeMap;

/** A set of addresses, kept as ranges that neither overlap nor touch. Not thread-safe. */
final class RangeSet {
  /** Start to end. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  /** Adds a range, which becomes one with those that it overlaps or touches. */
  void add(long start, long end) {
    long from = start;
    long to = end;
    Map.Entry<Long, Long> range = ranges.floorEntry(end);
    while (range != null && range.getValue() >= start) {
      from = Math.min(from, range.getKey());
      to = Math.max(to, range.getValue());
      ranges.remove(range.getKey());
      range = ranges.floorEntry(end);
    }
    ranges.put(from, to);
  }

  /** Removes everything. */
  void clear() {
    ranges.clear();
  }

  /** Removes a range. */
  void remove(long start, long end) {
    Map.Entry<Long, Long> range = ranges.lowerEntry(end);
    while (range != null && range.getValue() > start) {
      ranges.remove(range.getKey());
      if (range.getValue() > end) {
        ranges.put(end, range.getValue());
      }
      if (range.getKey() < start) {
        ranges.put(range.getKey(), start);
      }
      range = ranges.lowerEntry(Math.min(end, range.getKey()));
    }
  }

  /** Whether an address is in the set. */
  boolean contains(long address) {
    return endAt(address) > address;
  }

  /** Whether all of a range is in the set. */
  boolean covers(long start, long end) {
    return endAt(start) >= end;
  }

  /** Where the range that has an address starts, or the address if none has it. */
  long startAt(long address) {
    Map.Entry<Long, Long> range = ranges.floorEntry(address);
    return range == null || range.getValue() <= address ? address : range.getKey();
  }

  /** Where the range that has an address ends, or the address if none has it. */
  long endAt(long address) {
    Map.Entry<Long, Long> range = ranges.floorEntry(address);
    return range == null ? address : Math.max(address, range.getValue());
  }
}
