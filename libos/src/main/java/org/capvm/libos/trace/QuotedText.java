package org.capvm.libos.trace;

/** Strings as strace quotes them. */
final class QuotedText {
  /** Bytes of a string that are printed. */
  static final int LIMIT = 32;

  private QuotedText() {}

  /**
   * Quotes bytes.
   *
   * @param cut whether more follow than are given
   */
  static String of(byte[] bytes, int length, boolean cut) {
    StringBuilder text = new StringBuilder(length + 8).append('"');
    for (int i = 0; i < length; i++) {
      append(text, bytes[i] & 0xff, i + 1 < length ? bytes[i + 1] & 0xff : 0);
    }
    return text.append(cut ? "\"..." : "\"").toString();
  }

  private static void append(StringBuilder text, int value, int next) {
    switch (value) {
      case '"' -> text.append("\\\"");
      case '\\' -> text.append("\\\\");
      case '\n' -> text.append("\\n");
      case '\t' -> text.append("\\t");
      case '\r' -> text.append("\\r");
      case '\f' -> text.append("\\f");
      case 11 -> text.append("\\v");
      default -> {
        if (value >= ' ' && value < 127) {
          text.append((char) value);
        } else {
          // An octal escape is as short as it can be without swallowing the digit behind it.
          boolean digitFollows = next >= '0' && next <= '7';
          text.append('\\')
              .append(digitFollows ? String.format("%03o", value) : Integer.toOctalString(value));
        }
      }
    }
  }
}
