package org.capvm.libos.trace;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

/** The names of a set of constants: of values one of which is meant, or of flags that are combined. */
final class NamedValues {
  private final Map<Long, String> names = new LinkedHashMap<>();
  private final long choiceMask;

  private NamedValues(long choiceMask) {
    this.choiceMask = choiceMask;
  }

  /** Values of which one is meant, listed as {@code NAME=value} or {@code NAME} for one more than the last. */
  static NamedValues values(String list) {
    return new NamedValues(-1).add(list);
  }

  /** Flags that are combined. */
  static NamedValues flags(String list) {
    return new NamedValues(0).add(list);
  }

  /**
   * Flags that are combined with one value out of several.
   *
   * @param choiceMask the bits that hold the value
   */
  static NamedValues flagsAndChoice(long choiceMask, String list) {
    return new NamedValues(choiceMask).add(list);
  }

  private NamedValues add(String list) {
    long next = 0;
    for (String item : list.trim().split("\\s+")) {
      int equals = item.indexOf('=');
      if (equals >= 0) {
        next = Long.decode(item.substring(equals + 1));
      }
      names.put(next++, equals >= 0 ? item.substring(0, equals) : item);
    }
    return this;
  }

  /** The names of a value, joined by bars; what has no name as a hexadecimal number. */
  String text(long value) {
    if (choiceMask == -1) {
      String name = names.get(value);
      return name != null ? name : "0x" + Long.toHexString(value);
    }
    StringJoiner text = new StringJoiner("|");
    long left = value;
    if (choiceMask != 0 && names.containsKey(value & choiceMask)) {
      text.add(names.get(value & choiceMask));
      left &= ~choiceMask;
    }
    for (Map.Entry<Long, String> flag : names.entrySet()) {
      long bits = flag.getKey();
      if (bits != 0 && (bits & choiceMask) == 0 && (left & bits) == bits) {
        text.add(flag.getValue());
        left &= ~bits;
      }
    }
    if (left != 0) {
      text.add("0x" + Long.toHexString(left));
    }
    if (text.length() == 0) {
      return names.getOrDefault(0L, "0");
    }
    return text.toString();
  }
}
