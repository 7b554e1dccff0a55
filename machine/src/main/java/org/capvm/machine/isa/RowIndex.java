package org.capvm.machine.isa;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Where each row of the instruction table is in its text, and which opcodes it is for.
 *
 * <p>Reads only as much of each line as that takes: this runs in the interpreter at every start.
 * Immutable once built.
 */
final class RowIndex {
  private static final int MAPS = 16;
  private static final int OPCODES = 256;

  /** One slot for each opcode of each map of each family of encodings ({@link Encoding#family}). */
  static final int SLOTS = 4 * MAPS * OPCODES;

  private static final int NO_ENTRY = -1;

  private final byte[] text;
  private int rows;
  private int[] lineStart = new int[2048];
  private int[] opcodePosition = new int[2048];

  // The rows of a slot are a list through the entries, last row first.
  private final int[] lastEntry = new int[SLOTS];
  private int entries;
  private int[] entryRow = new int[4096];
  private int[] previousEntry = new int[4096];

  // The line being read.
  private int position;
  private int family;
  private int map;

  /**
   * Indexes a table.
   *
   * @param text lines that each are empty, a comment that starts with {@code #}, or a row; the last
   *     one ends with a line feed too
   */
  RowIndex(byte[] text) {
    this.text = text;
    Arrays.fill(lastEntry, NO_ENTRY);
    while (position < text.length) {
      byte first = text[position];
      if (first != '#' && first != '\n') {
        addRow();
      }
      while (text[position] != '\n') {
        position++;
      }
      position++;
    }
  }

  static int slot(int family, int map, int opcode) {
    return (family * MAPS + map) * OPCODES + opcode;
  }

  int rows() {
    return rows;
  }

  /** The text of a row. */
  String line(int row) {
    int end = lineStart[row];
    while (text[end] != '\n') {
      end++;
    }
    return new String(text, lineStart[row], end - lineStart[row], StandardCharsets.ISO_8859_1);
  }

  /** Where in {@link #line} the opcode is. */
  int opcodeColumn(int row) {
    return opcodePosition[row] - lineStart[row];
  }

  /** Numbers of the rows of a slot, in the table's order. */
  int[] rowsOf(int slot) {
    int count = 0;
    for (int entry = lastEntry[slot]; entry != NO_ENTRY; entry = previousEntry[entry]) {
      count++;
    }
    int[] result = new int[count];
    for (int entry = lastEntry[slot]; entry != NO_ENTRY; entry = previousEntry[entry]) {
      result[--count] = entryRow[entry];
    }
    return result;
  }

  private void addRow() {
    if (rows == lineStart.length) {
      lineStart = Arrays.copyOf(lineStart, 2 * rows);
      opcodePosition = Arrays.copyOf(opcodePosition, 2 * rows);
    }
    lineStart[rows] = position;
    family = 0;
    map = 0;
    while (!atOpcode()) {
      while (text[position] != ' ') {
        position++;
      }
      position++;
    }
    opcodePosition[rows] = position;
    if (text[position] == '*') {
      addEntries(0, OPCODES);
    } else {
      int opcode = hex(text[position]) << 4 | hex(text[position + 1]);
      addEntries(opcode, text[position + 2] != '+' ? 1 : text[position + 3] == 'r' ? 8 : 16);
    }
    rows++;
  }

  /**
   * Whether the word at the position is the opcode; notes what it says of family and map if it is
   * not.
   */
  private boolean atOpcode() {
    byte first = text[position];
    byte second = text[position + 1];
    byte third = text[position + 2];
    if (first == '*') {
      return true;
    }
    if (third != ' ' && third != '+') {
      if (third == 'X' && second == 'E' && first == 'V') {
        vectorPrefix(1, 4);
      } else if (first == 'E' && second == 'V') {
        vectorPrefix(2, 5);
      } else if (first == 'X' && second == 'O') {
        vectorPrefix(3, 4);
      }
      return false;
    }
    if (map == 0 && family == 0) {
      boolean mandatoryPrefix =
          (first == '6' && second == '6') || (first == 'F' && (second == '2' || second == '3'));
      if (first == '0' && second == 'F') {
        map = 1;
        return false;
      }
      return !mandatoryPrefix && hex(first) >= 0 && hex(second) >= 0;
    }
    if (map == 1 && family == 0 && first == '3' && (second == '8' || second == 'A')) {
      map = second == '8' ? 2 : 3;
      return false;
    }
    return true;
  }

  /**
   * Reads the map from a word such as {@code VEX.128.66.0F38.W0}, {@code EVEX.M5} or {@code
   * XOP.M8}.
   */
  private void vectorPrefix(int vectorFamily, int lengthOfName) {
    family = vectorFamily;
    int at = position + lengthOfName;
    while (text[at] != ' ') {
      if (text[at] == '0' && text[at + 1] == 'F') {
        map = text[at + 2] != '3' ? 1 : text[at + 3] == '8' ? 2 : 3;
      } else if (text[at] == 'M') {
        map = hex(text[at + 1]);
      }
      at++;
    }
  }

  private void addEntries(int opcode, int count) {
    if (entries + count > entryRow.length) {
      int capacity = 2 * (entries + count);
      entryRow = Arrays.copyOf(entryRow, capacity);
      previousEntry = Arrays.copyOf(previousEntry, capacity);
    }
    int slot = slot(family, map, opcode);
    for (int i = 0; i < count; i++, slot++) {
      entryRow[entries] = rows;
      previousEntry[entries] = lastEntry[slot];
      lastEntry[slot] = entries++;
    }
  }

  private static int hex(byte digit) {
    return Character.digit(digit, 16);
  }
}
