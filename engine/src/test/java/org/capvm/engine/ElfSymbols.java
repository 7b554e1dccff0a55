package org.capvm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks symbols up in a 64-bit ELF file. */
final class ElfSymbols {
  private static final int SECTION_TABLE = 0x28;
  private static final int SECTION_SIZE = 64;
  private static final int SYMBOL_SIZE = 24;
  private static final int SHT_SYMTAB = 2;

  private ElfSymbols() {}

  /** The value of a symbol. */
  static long address(Path file, String name) {
    ByteBuffer elf;
    try {
      elf = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    int sections = (int) elf.getLong(SECTION_TABLE);
    int count = elf.getShort(0x3c);
    for (int section = 0; section < count; section++) {
      int header = sections + section * SECTION_SIZE;
      if (elf.getInt(header + 4) == SHT_SYMTAB) {
        int names = (int) elf.getLong(sections + elf.getInt(header + 0x28) * SECTION_SIZE + 0x18);
        int symbols = (int) elf.getLong(header + 0x18);
        int end = symbols + (int) elf.getLong(header + 0x20);
        for (int symbol = symbols; symbol < end; symbol += SYMBOL_SIZE) {
          if (name.equals(string(elf, names + elf.getInt(symbol)))) {
            return elf.getLong(symbol + 8);
          }
        }
      }
    }
    throw new AssertionError(file + " has no symbol " + name);
  }

  private static String string(ByteBuffer elf, int start) {
    int end = start;
    while (elf.get(end) != 0) {
      end++;
    }
    return new String(elf.array(), start, end - start, StandardCharsets.US_ASCII);
  }
}
