package org.capvm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HostMountTest {

  @Test
  void namesWithDotsInThemAreNames() {
    assertThat(new HostMount(Path.of("/a"), "/..b/c../...", false).guestPath())
        .isEqualTo("/..b/c../...");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "relative", "/a/../b", "/..", "/a/."})
  void pathsThatAreNotPlainAreRefused(String guestPath) {
    assertThatThrownBy(() -> new HostMount(Path.of("/a"), guestPath, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(guestPath);
  }

  @Test
  void aRelativeHostPathIsRefused() {
    assertThatThrownBy(() -> new HostMount(Path.of("a"), "/a", false))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
