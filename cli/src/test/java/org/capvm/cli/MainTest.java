package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MainTest {

  @Test
  void testsRunInsideTheModule() {
    assertThat(Main.class.getModule().getName()).isEqualTo("org.capvm.cli");
  }
}
