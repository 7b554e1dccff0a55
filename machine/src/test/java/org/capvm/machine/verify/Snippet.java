package org.capvm.machine.verify;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/**
 * A unit written down in one of the lists beside the tests.
 *
 * @param verdict {@code accepted}, or the rule that it breaks
 * @param title what is right or wrong about it
 * @param code its bytes
 */
record Snippet(String verdict, String title, byte[] code) {
  /** Host address of the first byte of every snippet. */
  static final long HOST_ADDRESS = 0x100000;

  /** The one legal target outside. */
  static final long GATE = 0x10000;

  /** All snippets of a list. */
  static List<Snippet> list(String resource) {
    List<Snippet> snippets = new ArrayList<>();
    String head = null;
    StringBuilder hex = new StringBuilder();
    for (String line : lines(resource)) {
      if (line.startsWith("[")) {
        head = line;
        hex.setLength(0);
      } else if (line.isEmpty() && head != null) {
        int bracket = head.indexOf(']');
        byte[] code = HexFormat.of().parseHex(hex);
        snippets.add(new Snippet(head.substring(1, bracket), head.substring(bracket + 2), code));
        head = null;
      } else if (!line.startsWith("#") && !line.isEmpty()) {
        hex.append(line.substring(0, line.indexOf(';')).replace(" ", ""));
      }
    }
    return snippets;
  }

  private static List<String> lines(String resource) {
    try (var stream = Objects.requireNonNull(Snippet.class.getResourceAsStream(resource));
        var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      List<String> lines = new ArrayList<>(reader.readAllLines());
      lines.add("");
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  TranslationUnit unit() {
    return unit(code);
  }

  /** A unit of other bytes in the same place. */
  static TranslationUnit unit(byte[] code) {
    return new TranslationUnit(
        code, HOST_ADDRESS, new int[] {0}, new int[0], target -> target == GATE, 0);
  }

  @Override
  public String toString() {
    return title;
  }
}
