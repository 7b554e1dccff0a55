package org.capvm.libos.trace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FlagNamesTest {
  @Test
  void bitsAreJoinedByBars() {
    assertThat(Flags.PROTECTION.bits(3)).isEqualTo("PROT_READ|PROT_WRITE");
    assertThat(Flags.MAP.bits(0x22)).isEqualTo("MAP_PRIVATE|MAP_ANONYMOUS");
  }

  @Test
  void noBitsAreTheNameOfZeroIfItHasOne() {
    assertThat(Flags.PROTECTION.bits(0)).isEqualTo("PROT_NONE");
    assertThat(Flags.RANDOM.bits(0)).isEqualTo("0");
  }

  @Test
  void whatHasNoNameIsANumber() {
    assertThat(Flags.MAP.bits(0x800002)).isEqualTo("MAP_PRIVATE|0x800000");
    assertThat(Flags.CLOCK.value(99)).isEqualTo("0x63 /* CLOCK_??? */");
  }
}
