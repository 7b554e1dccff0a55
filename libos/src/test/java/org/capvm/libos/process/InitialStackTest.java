package org.capvm.libos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.AuxiliaryType;
import org.capvm.libos.abi.Errno;
import org.junit.jupiter.api.Test;

class InitialStackTest {
  private static final long TOP = 0xffff_0000L;
  private static final long EIGHT_MIB = 8L << 20;

  private static InitialStack stack(List<String> arguments, List<String> environment) {
    return new InitialStack(
        "/bin/x".getBytes(),
        arguments.stream().map(String::getBytes).toList(),
        environment.stream().map(String::getBytes).toList());
  }

  private static String textAt(byte[] bytes, long guestAddress) {
    int at = (int) (guestAddress - (TOP - bytes.length));
    int end = at;
    while (bytes[end] != 0) {
      end++;
    }
    return new String(bytes, at, end - at);
  }

  @Test
  void aProgramFindsItsWordsWhereTheAbiSaysTheyAre() {
    byte[] random = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    byte[] bytes =
        stack(List.of("x", "two words", ""), List.of("A=1", "B="))
            .with(AuxiliaryType.AT_PAGESZ, 4096)
            .build(TOP, random);
    assertThat((TOP - bytes.length) % 16).isZero();
    ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(words.getLong()).isEqualTo(3);
    assertThat(textAt(bytes, words.getLong())).isEqualTo("x");
    assertThat(textAt(bytes, words.getLong())).isEqualTo("two words");
    assertThat(textAt(bytes, words.getLong())).isEmpty();
    assertThat(words.getLong()).isZero();
    assertThat(textAt(bytes, words.getLong())).isEqualTo("A=1");
    assertThat(textAt(bytes, words.getLong())).isEqualTo("B=");
    assertThat(words.getLong()).isZero();
    Map<Long, Long> auxiliary = new HashMap<>();
    long type;
    do {
      type = words.getLong();
      auxiliary.put(type, words.getLong());
    } while (type != AuxiliaryType.AT_NULL);
    assertThat(auxiliary).containsEntry((long) AuxiliaryType.AT_PAGESZ, 4096L);
    assertThat(textAt(bytes, auxiliary.get((long) AuxiliaryType.AT_EXECFN))).isEqualTo("/bin/x");
    assertThat(textAt(bytes, auxiliary.get((long) AuxiliaryType.AT_PLATFORM))).isEqualTo("x86_64");
    int at = (int) (auxiliary.get((long) AuxiliaryType.AT_RANDOM) - (TOP - bytes.length));
    assertThat(java.util.Arrays.copyOfRange(bytes, at, at + 16)).isEqualTo(random);
  }

  @Test
  void aStringOf128KibibytesIsTooLong() {
    String longest = "x".repeat(InitialStack.MAX_STRING_BYTES - 1);
    stack(List.of(longest), List.of()).requireFits(EIGHT_MIB);
    assertThatThrownBy(() -> stack(List.of(longest + "x"), List.of()).requireFits(EIGHT_MIB))
        .isEqualTo(ErrnoException.of(Errno.E2BIG));
  }

  @Test
  void stringsMayTakeAQuarterOfTheStackLimit() {
    String kibibyte = "x".repeat(1015);
    stack(Collections.nCopies(2000, kibibyte), List.of()).requireFits(EIGHT_MIB);
    assertThatThrownBy(
            () -> stack(Collections.nCopies(2100, kibibyte), List.of()).requireFits(EIGHT_MIB))
        .isEqualTo(ErrnoException.of(Errno.E2BIG));
    stack(Collections.nCopies(2100, kibibyte), List.of()).requireFits(-1);
  }
}
