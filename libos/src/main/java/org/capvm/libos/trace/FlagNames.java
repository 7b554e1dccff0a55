package org.capvm.libos.trace;

import java.util.ArrayList;
import java.util.List;

/** Names of values and bits of one argument, as strace prints them. Immutable. */
final class FlagNames {
  private final List<String> names = new ArrayList<>();
  private final List<Long> values = new ArrayList<>();
  private final String unknown;

  private FlagNames(String table, String unknown) {
    this.unknown = unknown;
    for (String entry : table.strip().split("\\s+", -1)) {
      int equals = entry.indexOf('=');
      names.add(entry.substring(0, equals));
      values.add(Long.decode(entry.substring(equals + 1)));
    }
  }

  /**
   * A table.
   *
   * @param table {@code NAME=value} separated by blanks; more bits before fewer where they overlap
   * @param unknown the name strace gives to what is not in the table, such as {@code MAP_???}
   */
  static FlagNames of(String table, String unknown) {
    return new FlagNames(table, unknown);
  }

  /** The name of a value. */
  String value(long value) {
    int index = values.indexOf(value);
    return index >= 0
        ? names.get(index)
        : "0x" + Long.toHexString(value) + " /* " + unknown + " */";
  }

  /** The names of all bits of a value; {@code 0} if there are none. */
  String bits(long value) {
    if (value == 0) {
      int zero = values.indexOf(0L);
      return zero >= 0 ? names.get(zero) : "0";
    }
    StringBuilder text = new StringBuilder();
    long left = value;
    for (int i = 0; i < names.size(); i++) {
      long bits = values.get(i);
      if (bits != 0 && (left & bits) == bits) {
        text.append(text.isEmpty() ? "" : "|").append(names.get(i));
        left &= ~bits;
      }
    }
    if (left != 0) {
      String rest = "0x" + Long.toHexString(left);
      text.append(text.isEmpty() ? rest + " /* " + unknown + " */" : "|" + rest);
    }
    return text.toString();
  }
}
