package org.capvm.monitor.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
  void planesDiffer() {
    assertThat(file.newPlane()).isNotEqualTo(file.newPlane());
  }
}
