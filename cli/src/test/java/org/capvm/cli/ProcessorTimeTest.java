package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ProcessorTimeTest {
  @Test
  void theFirstLineCountsAllProcessorsAndGuestsAreCountedOnce() {
    assertThat(ProcessorTime.parse("cpu  1 2 3 40 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n"))
        .isEqualTo(new ProcessorTime(72, 40));
  }

  @Test
  void theShareIsOfTheTimeBetween() {
    assertThat(new ProcessorTime(300, 90).idleShareSince(new ProcessorTime(100, 40)))
        .isEqualTo(0.25);
  }

  @Test
  void whenNoTimePassedNothingWasBusy() {
    ProcessorTime now = new ProcessorTime(300, 90);
    assertThat(now.idleShareSince(now)).isEqualTo(1);
  }
}
