package org.capvm.libos.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class QuotedTextTest {
  private static String quote(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return QuotedText.of(bytes, bytes.length, false);
  }

  @Test
  void printableTextStaysAsItIs() {
    assertThat(quote("/etc/ld.so.cache")).isEqualTo("\"/etc/ld.so.cache\"");
  }

  @Test
  void whatHasAnEscapeInCIsWrittenWithIt() {
    assertThat(quote("a\n\t\"\\")).isEqualTo("\"a\\n\\t\\\"\\\\\"");
  }

  @Test
  void otherBytesAreOctalAndNoLongerThanTheyMustBe() {
    assertThat(quote("\177ELF\2\1\1\0")).isEqualTo("\"\\177ELF\\2\\1\\1\\0\"");
    assertThat(quote("\0" + "7")).isEqualTo("\"\\0007\"");
  }

  @Test
  void aCutStringSaysSo() {
    assertThat(QuotedText.of(new byte[] {'a'}, 1, true)).isEqualTo("\"a\"...");
  }
}
