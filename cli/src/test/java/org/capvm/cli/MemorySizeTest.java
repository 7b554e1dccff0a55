package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class MemorySizeTest {
  private final MemorySize.Converter converter = new MemorySize.Converter();

  @ParameterizedTest
  @CsvSource({
    "65536, 65536",
    "4k, 4096",
    "512M, 536870912",
    "512MiB, 536870912",
    "1.5g, 1610612736",
    "2GB, 2147483648"
  })
  void sizesHaveBinaryUnits(String text, long bytes) {
    assertThat(converter.convert(text)).isEqualTo(new MemorySize(bytes));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "M", "-1", "1T", "12 M", "1e9", "0x10"})
  void whatIsNotASizeIsRefusedWithAnExample(String text) {
    assertThatThrownBy(() -> converter.convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("not a size: " + text)
        .hasMessageContaining("512M");
  }

  @Test
  void nothingIsNotASize() {
    assertThatThrownBy(() -> converter.convert("0.0k"))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("above 0");
  }
}
