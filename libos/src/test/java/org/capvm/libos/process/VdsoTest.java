package org.capvm.libos.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.capvm.libos.abi.Errno;
import org.junit.jupiter.api.Test;

class VdsoTest {
  private final ByteBuffer image = ByteBuffer.wrap(Vdso.build()).order(ByteOrder.LITTLE_ENDIAN);
  private final Map<Long, Long> dynamic = dynamicSection();

  private Map<Long, Long> dynamicSection() {
    Map<Long, Long> entries = new HashMap<>();
    int header = 64 + ElfImage.PROGRAM_HEADER_BYTES;
    assertThat(image.getInt(header)).isEqualTo(2);
    int at = (int) image.getLong(header + 8);
    while (image.getLong(at) != 0) {
      entries.put(image.getLong(at), image.getLong(at + 8));
      at += 16;
    }
    return entries;
  }

  private int table(long tag) {
    return dynamic.get(tag).intValue();
  }

  private String string(int offset) {
    int at = table(5) + offset;
    StringBuilder text = new StringBuilder();
    for (; image.get(at) != 0; at++) {
      text.append((char) image.get(at));
    }
    return text.toString();
  }

  /** As musl looks a symbol up: through the chains of {@code DT_HASH}. */
  private int symbolByHash(String name) {
    int at = table(4);
    int buckets = image.getInt(at);
    int index = image.getInt(at + 8 + 4 * Integer.remainderUnsigned(Vdso.sysvHash(name), buckets));
    while (index != 0 && !string(image.getInt(table(6) + 24 * index)).equals(name)) {
      index = image.getInt(at + 8 + 4 * buckets + 4 * index);
    }
    return index;
  }

  /** As glibc looks a symbol up: through {@code DT_GNU_HASH}. */
  private int symbolByGnuHash(String name) {
    int at = table(0x6ffffef5L);
    int first = image.getInt(at + 4);
    int bloomWords = image.getInt(at + 8);
    int buckets = at + 16 + 8 * bloomWords;
    int index = image.getInt(buckets);
    int hash = Vdso.gnuHash(name);
    while (true) {
      int entry = image.getInt(buckets + 4 * image.getInt(at) + 4 * (index - first));
      boolean same = (entry | 1) == (hash | 1);
      if (same && string(image.getInt(table(6) + 24 * index)).equals(name)) {
        return index;
      }
      if ((entry & 1) != 0) {
        return 0;
      }
      index++;
    }
  }

  @Test
  void bothHashTablesLeadToEveryFunction() {
    for (Vdso.Function function : Vdso.Function.values()) {
      for (String prefix : new String[] {"", "__vdso_"}) {
        String name = prefix + function.name().toLowerCase(java.util.Locale.ROOT);
        int symbol = symbolByHash(name);
        assertThat(symbol).as(name).isNotZero().isEqualTo(symbolByGnuHash(name));
        assertThat(image.getLong(table(6) + 24 * symbol + 8)).isEqualTo(function.offset());
      }
    }
    assertThat(symbolByHash("__vdso_nothing")).isZero();
    assertThat(symbolByGnuHash("__vdso_nothing")).isZero();
  }

  @Test
  void everySymbolHasTheVersionThatTheLibrariesAskFor() {
    int definition = table(0x6ffffffcL);
    int second = definition + image.getInt(definition + 16);
    assertThat(image.getShort(second + 4)).isEqualTo((short) 2);
    assertThat(image.getInt(second + 8)).isEqualTo(0x3ae75f6);
    int auxiliary = second + image.getInt(second + 12);
    assertThat(string(image.getInt(auxiliary))).isEqualTo("LINUX_2.6");
    assertThat(image.getShort(table(0x6ffffff0L) + 2)).isEqualTo((short) 2);
  }

  @Test
  void theImageIsAnElfFileThatCouldBeLoaded() {
    ElfImage elf =
        ElfImage.read(
            (position, target, length) -> {
              image.get((int) position, target, 0, length);
              return length;
            },
            Errno.ENOEXEC);
    assertThat(elf.segments()).hasSize(1);
    assertThat(elf.highest()).isEqualTo(Vdso.IMAGE_BYTES);
  }
}
