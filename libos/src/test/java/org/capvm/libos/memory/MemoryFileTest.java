package org.capvm.libos.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryFileTest {
  private static final long PAGE = 4096;

  private final MemoryFile file = new MemoryFile();

  @AfterEach
  void close() {
    file.close();
  }

  @Test
  void aRangeIsTakenOnce() {
    assertThat(file.take(0, 4 * PAGE)).isTrue();
    assertThat(file.take(3 * PAGE, 4 * PAGE)).isFalse();
    assertThat(file.take(4 * PAGE, PAGE)).isTrue();
  }

  @Test
  void aRangeIsFreeAgainWhenItsLastHolderReleasesIt() {
    file.take(0, 2 * PAGE);
    file.retain(0, 2 * PAGE);
    file.release(0, 2 * PAGE);
    assertThat(file.isFree(0, PAGE)).isFalse();
    file.release(0, PAGE);
    assertThat(file.isFree(0, PAGE)).isTrue();
    assertThat(file.isFree(PAGE, PAGE)).isFalse();
  }

  @Test
  void aRangeWithOneSharedPageIsNotExclusive() {
    file.take(0, 8 * PAGE);
    assertThat(file.isExclusive(0, 8 * PAGE)).isTrue();
    file.retain(3 * PAGE, PAGE);
    assertThat(file.isExclusive(0, 8 * PAGE)).isFalse();
    assertThat(file.isExclusive(0, 3 * PAGE)).isTrue();
    file.release(3 * PAGE, PAGE);
    assertThat(file.isExclusive(0, 8 * PAGE)).isTrue();
  }

  @Test
  void releasingWhatIsFreeIsRefused() {
    file.take(0, PAGE);
    assertThatThrownBy(() -> file.release(0, 2 * PAGE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void rangesWithDifferentHoldersChangeTogether() {
    file.take(0, 4 * PAGE);
    file.retain(PAGE, PAGE);
    file.retain(0, 4 * PAGE);
    file.release(0, 4 * PAGE);
    file.release(0, 4 * PAGE);
    assertThat(file.isFree(0, PAGE)).isTrue();
    assertThat(file.isExclusive(PAGE, PAGE)).isTrue();
    assertThat(file.isFree(2 * PAGE, 2 * PAGE)).isTrue();
  }

  @Property
  void holdersAreCountedByThePage(@ForAll @Size(max = 60) List<@From("changes") Change> changes) {
    int[] holders = new int[Change.PAGES];
    try (MemoryFile counted = new MemoryFile()) {
      for (Change change : changes) {
        change.apply(counted, holders);
        for (int page = 0; page < Change.PAGES; page++) {
          assertThat(counted.isFree(page * PAGE, PAGE)).isEqualTo(holders[page] == 0);
          if (holders[page] > 0) {
            assertThat(counted.isExclusive(page * PAGE, PAGE)).isEqualTo(holders[page] == 1);
          }
        }
      }
    }
  }

  @Provide
  Arbitrary<Change> changes() {
    Arbitrary<Integer> pages = Arbitraries.integers().between(0, Change.PAGES);
    return Combinators.combine(Arbitraries.integers().between(-1, 1), pages, pages)
        .as((by, one, other) -> new Change(by, Math.min(one, other), Math.max(one, other)))
        .filter(change -> change.from() < change.to());
  }

  /** Takes (0), retains (1) or releases (-1) pages, where that is allowed. */
  private record Change(int by, int from, int to) {
    static final int PAGES = 12;

    void apply(MemoryFile file, int[] holders) {
      boolean allHeld = IntStream.range(from, to).allMatch(page -> holders[page] > 0);
      boolean allFree = IntStream.range(from, to).allMatch(page -> holders[page] == 0);
      int added = by == 0 ? 1 : by;
      if (by == 0) {
        assertThat(file.take(from * PAGE, (to - from) * PAGE)).isEqualTo(allFree);
      } else if (allHeld && by > 0) {
        file.retain(from * PAGE, (to - from) * PAGE);
      } else if (allHeld) {
        file.release(from * PAGE, (to - from) * PAGE);
      }
      if (by == 0 ? allFree : allHeld) {
        for (int page = from; page < to; page++) {
          holders[page] += added;
        }
      }
    }
  }

  @Test
  void planesDiffer() {
    assertThat(file.newPlane()).isNotEqualTo(file.newPlane());
  }
}
