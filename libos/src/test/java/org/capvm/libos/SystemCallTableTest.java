package org.capvm.libos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

class SystemCallTableTest {
  private static final Path HEADER = Path.of("/usr/include/x86_64-linux-gnu/asm/unistd_64.h");
  private static final Pattern DEFINITION = Pattern.compile("#define __NR_(\\w+) (\\d+)");

  static boolean headerIsThere() {
    return Files.exists(HEADER);
  }

  @Test
  @EnabledIf("headerIsThere")
  void everyCallOfTheKernelsHeaderHasItsRow() throws Exception {
    Map<Integer, String> expected = new TreeMap<>();
    Matcher definitions = DEFINITION.matcher(Files.readString(HEADER));
    while (definitions.find()) {
      expected.put(Integer.valueOf(definitions.group(2)), definitions.group(1));
    }
    assertThat(expected).hasSizeGreaterThan(350);
    expected.forEach(
        (number, name) -> {
          SystemCall row = SystemCallTable.row(number);
          assertThat(row).as(name).isNotNull();
          assertThat(row.name()).isEqualTo(name);
        });
  }

  @Test
  void aRowStandsUnderItsOwnNumberAndName() {
    for (int number = 0; number < SystemCallTable.LIMIT; number++) {
      SystemCall row = SystemCallTable.row(number);
      if (row != null) {
        assertThat(row.number()).isEqualTo(number);
        assertThat(row.name()).isEqualTo(SystemCallNames.of(number));
        assertThat(row.arguments()).hasSizeLessThanOrEqualTo(6);
      }
    }
  }

  @Test
  void whatIsPartialOrRefusedSaysWhy() {
    for (SystemCall row : SystemCallTable.rows()) {
      if (row.level() == SupportLevel.PARTIAL || row.level() == SupportLevel.REFUSED) {
        assertThat(row.note()).as(row.name()).isNotBlank();
      }
    }
  }

  @Test
  void aNumberThatLinuxDoesNotHaveHasNoRow() {
    assertThat(SystemCallTable.row(-1)).isNull();
    assertThat(SystemCallTable.row(400)).isNull();
    assertThat(SystemCallTable.row(SystemCallTable.LIMIT)).isNull();
    assertThat(SystemCallTable.row(0x40000000)).isNull();
  }
}
