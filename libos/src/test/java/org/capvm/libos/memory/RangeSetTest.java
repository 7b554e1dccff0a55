package org.capvm.libos.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class RangeSetTest {
  private static final int SIZE = 64;

  @Test
  void agreesWithASetOfSingleAddresses() {
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    for (int round = 0; round < 200; round++) {
      RangeSet ranges = new RangeSet();
      BitSet expected = new BitSet();
      for (int step = 0; step < 50; step++) {
        int start = random.nextInt(SIZE);
        int end = random.nextInt(start + 1, SIZE + 1);
        boolean added = random.nextBoolean();
        expected.set(start, end, added);
        if (added) {
          ranges.add(start, end);
        } else {
          ranges.remove(start, end);
        }
        agree(ranges, expected);
        assertThat(ranges.covers(start, end)).isEqualTo(added);
      }
    }
  }

  private static void agree(RangeSet ranges, BitSet expected) {
    for (int address = 0; address <= SIZE; address++) {
      boolean inside = expected.get(address);
      assertThat(ranges.contains(address)).isEqualTo(inside);
      assertThat(ranges.endAt(address))
          .isEqualTo(inside ? expected.nextClearBit(address) : address);
      assertThat(ranges.startAt(address))
          .isEqualTo(inside ? expected.previousClearBit(address) + 1 : address);
    }
  }
}
