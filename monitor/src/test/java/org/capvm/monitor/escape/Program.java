package org.capvm.monitor.escape;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Guest code and the registers it starts with.
 *
 * @param code at most {@link #MAX_CODE_BYTES} bytes
 * @param registers 16 general registers in encoding order
 * @param flags RFLAGS as a guest may set them
 */
record Program(byte[] code, long[] registers, long flags) {
  static final int MAX_CODE_BYTES = 48;
  private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

  /** Reads what {@link #toString} prints; lines that begin with # are for people. */
  static Program parse(List<String> lines) {
    List<String> values =
        lines.stream()
            .filter(line -> !line.startsWith("#"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .toList();
    long[] registers =
        Arrays.stream(values.get(1).split(" "))
            .mapToLong(word -> Long.parseUnsignedLong(word, 16))
            .toArray();
    return new Program(
        HEX.parseHex(values.get(0)), registers, Long.parseUnsignedLong(values.get(2), 16));
  }

  @Override
  public String toString() {
    return "code: %s%nregisters: %s%nflags: %x"
        .formatted(
            HEX.formatHex(code),
            LongStream.of(registers).mapToObj(Long::toHexString).collect(Collectors.joining(" ")),
            flags);
  }
}
