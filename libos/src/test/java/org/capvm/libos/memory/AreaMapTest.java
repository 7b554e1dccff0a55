package org.capvm.libos.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class AreaMapTest {
  private static final long PAGE = AddressLayout.PAGE;
  private static final int PAGES = 256;

  @Test
  void theHighestGapIsFoundWhateverWasMappedAndRemovedBefore() {
    Random random = new Random(20261126);
    AreaMap areas = new AreaMap();
    BitSet mapped = new BitSet(PAGES);
    for (int step = 0; step < 50_000; step++) {
      int length = 1 + random.nextInt(6);
      int high = random.nextInt(8) == 0 ? PAGES / 2 : PAGES;
      if (random.nextInt(3) == 0) {
        int start = random.nextInt(PAGES - length);
        areas.remove(start * PAGE, (start + length) * PAGE);
        mapped.clear(start, start + length);
        continue;
      }
      long gap = areas.highestGap(length * PAGE, 0, high * PAGE);
      int expected = highestGap(mapped, length, high);
      assertThat(gap).as("step %d", step).isEqualTo(expected < 0 ? -1 : expected * PAGE);
      if (gap >= 0) {
        areas.insert(area(gap, gap + length * PAGE, random.nextInt(4)));
        mapped.set(expected, expected + length);
      }
    }
  }

  private static int highestGap(BitSet mapped, int length, int high) {
    for (int start = high - length; start >= 0; start--) {
      int next = mapped.nextSetBit(start);
      if (next < 0 || next >= start + length) {
        return start;
      }
    }
    return -1;
  }

  private static MemoryArea area(long start, long end, int protection) {
    return new MemoryArea(start, end, protection, 0, 0, null, 0, null, null);
  }
}
