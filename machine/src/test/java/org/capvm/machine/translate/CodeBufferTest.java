package org.capvm.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Whatever is put into a buffer is in it, however much. */
class CodeBufferTest {
  private static final int MUCH = 14_000;

  private final CodeBuffer buffer = new CodeBuffer();

  @Test
  void bytesComeOutAsTheyWerePut() {
    byte[] bytes = new byte[MUCH];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31);
      buffer.put(bytes[i]);
    }
    assertThat(buffer.toBytes()).isEqualTo(bytes);
    assertThat(buffer.position()).isEqualTo(MUCH);
  }

  @Test
  void piecesFollowEachOther() {
    byte[] source = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int i = 0; i < MUCH; i += 7) {
      buffer.put(source, 1, 8);
    }
    byte[] bytes = buffer.toBytes();
    for (int i = 0; i < MUCH; i += 7) {
      assertThat(Arrays.copyOfRange(bytes, i, i + 7)).containsExactly(2, 3, 4, 5, 6, 7, 8);
    }
  }

  @Test
  void aPieceMayBeLongerThanTheBuffer() {
    byte[] source = new byte[MUCH];
    Arrays.fill(source, (byte) 5);
    buffer.put(source, 0, MUCH);
    assertThat(buffer.toBytes()).isEqualTo(source);
  }
}
