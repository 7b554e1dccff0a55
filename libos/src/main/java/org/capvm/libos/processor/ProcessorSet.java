package org.capvm.libos.processor;

import java.util.Arrays;
import java.util.BitSet;
import java.util.StringJoiner;

/**
 * A set of processors, by their numbers as guests see them: from 0, without gaps. Immutable.
 *
 * <p>As an affinity mask, processor {@code i} is bit {@code i % 8} of byte {@code i / 8}.
 */
public final class ProcessorSet {
  private final BitSet numbers;

  private ProcessorSet(BitSet numbers) {
    this.numbers = numbers;
  }

  /** The processors below a number. */
  public static ProcessorSet below(int count) {
    return range(0, count);
  }

  /** The processors from one number up to, but without, another. */
  static ProcessorSet range(int from, int to) {
    BitSet numbers = new BitSet(to);
    numbers.set(from, to);
    return new ProcessorSet(numbers);
  }

  /** What an affinity mask names. */
  public static ProcessorSet ofMask(byte[] mask) {
    return new ProcessorSet(BitSet.valueOf(mask));
  }

  /** The affinity mask, filled with zeros or cut to a length. */
  public byte[] toMask(int lengthBytes) {
    return Arrays.copyOf(numbers.toByteArray(), lengthBytes);
  }

  /** What is in both sets. */
  public ProcessorSet and(ProcessorSet other) {
    BitSet both = (BitSet) numbers.clone();
    both.and(other.numbers);
    return new ProcessorSet(both);
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return numbers.isEmpty();
  }

  /** How many there are. */
  public int count() {
    return numbers.cardinality();
  }

  /** As the lists of {@code /proc} and {@code /sys} have them: {@code 0-3,5}. */
  public String ranges() {
    StringJoiner ranges = new StringJoiner(",");
    for (int from = numbers.nextSetBit(0); from >= 0; ) {
      int to = numbers.nextClearBit(from);
      ranges.add(to == from + 1 ? Integer.toString(from) : from + "-" + (to - 1));
      from = numbers.nextSetBit(to);
    }
    return ranges.toString();
  }

  /** As {@code /proc} has masks: hexadecimal, with a comma before every 32 bits but the first. */
  public String hex() {
    StringBuilder text = new StringBuilder();
    for (int chunk = Math.max(0, numbers.length() - 1) / 32; chunk >= 0; chunk--) {
      long[] bits = numbers.get(chunk * 32, chunk * 32 + 32).toLongArray();
      long value = bits.length == 0 ? 0 : bits[0];
      text.append(String.format(text.isEmpty() ? "%x" : ",%08x", value));
    }
    return text.toString();
  }

  /** The numbers, in ascending order. */
  int[] toArray() {
    return numbers.stream().toArray();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ProcessorSet set && numbers.equals(set.numbers);
  }

  @Override
  public int hashCode() {
    return numbers.hashCode();
  }

  @Override
  public String toString() {
    return ranges();
  }
}
