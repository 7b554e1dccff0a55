package org.capvm.machine.isa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Makes random instructions for each opcode of each map, in cells of {@link #CELL_BYTES} that end
 * in one-byte instructions, so that a disassembler that reads one cell wrongly is in step again at
 * the next.
 */
final class EncodingGenerator {
  static final int CELL_BYTES = 32;

  /** Random bytes at the start of a cell, as many as an instruction can have. */
  static final int RANDOM_BYTES = Decoder.MAX_LENGTH;

  private static final int NOP = 0x90;
  private static final int[] LEGACY_PREFIXES = {0x66, 0xf2, 0xf3, 0x66, 0xf2, 0xf3, 0xf0};
  private static final int[] ADDRESS_PREFIXES = {0x67, 0x64, 0x65, 0x2e};

  private final Random random;

  EncodingGenerator(long seed) {
    this.random = new Random(seed);
  }

  /** An opcode in a map of a family of encodings, as {@link InstructionTable} looks it up. */
  record Opcode(Encoding encoding, int map, int opcode) {
    InstructionForm[] forms() {
      return InstructionTable.forms(encoding.family(), map, opcode);
    }
  }

  /** Every opcode there could be, whether or not the table has a row for it. */
  static List<Opcode> opcodes() {
    List<Opcode> opcodes = new ArrayList<>();
    add(opcodes, Encoding.LEGACY, 0, 1, 2, 3);
    add(opcodes, Encoding.VEX3, 1, 2, 3);
    add(opcodes, Encoding.EVEX, 1, 2, 3, 5, 6);
    add(opcodes, Encoding.XOP, 8, 9, 10);
    opcodes.removeIf(
        one ->
            one.encoding() == Encoding.LEGACY
                && one.map() == 0
                && introducesAnOpcode(one.opcode()));
    return opcodes;
  }

  private static void add(List<Opcode> opcodes, Encoding encoding, int... maps) {
    for (int map : maps) {
      for (int opcode = 0; opcode < 256; opcode++) {
        opcodes.add(new Opcode(encoding, map, opcode));
      }
    }
  }

  private static boolean introducesAnOpcode(int b) {
    return Prefixes.with(0, b) >= 0 || b == 0x0f || b == 0xc4 || b == 0xc5 || b == 0x62;
  }

  /**
   * Cells that decode to the rows of an opcode, up to {@code count} for each row; the rows reached
   * go to {@code reached}.
   */
  List<byte[]> matching(
      Opcode opcode, int count, int attempts, Map<InstructionForm, Boolean> reached) {
    List<byte[]> cells = new ArrayList<>();
    Map<InstructionForm, Integer> made = new IdentityHashMap<>();
    int wanted = opcode.forms().length;
    for (int i = 0; i < attempts && wanted > 0; i++) {
      byte[] cell = cell(opcode);
      InstructionForm form = Decoder.decode(cell, 0, RANDOM_BYTES).form();
      int soFar = form.isMatched() ? made.merge(form, 1, Integer::sum) : Integer.MAX_VALUE;
      if (soFar <= count) {
        cells.add(cell);
        reached.put(form, true);
      }
      if (soFar == count && Collections.frequency(made.values(), count) == wanted) {
        break;
      }
    }
    return cells;
  }

  /** Up to {@code count} cells with the opcode that do not decode. */
  List<byte[]> invalid(Opcode opcode, int count, int attempts) {
    List<byte[]> cells = new ArrayList<>();
    for (int i = 0; i < attempts && cells.size() < count; i++) {
      byte[] cell = cell(opcode);
      if (Decoder.decode(cell, 0, RANDOM_BYTES).form() == InstructionForm.INVALID) {
        cells.add(cell);
      }
    }
    return cells;
  }

  private byte[] cell(Opcode opcode) {
    byte[] cell = new byte[CELL_BYTES];
    random.nextBytes(cell);
    Arrays.fill(cell, RANDOM_BYTES, CELL_BYTES, (byte) NOP);
    int position = 0;
    if (oneIn(8)) {
      cell[position++] = oneOf(ADDRESS_PREFIXES);
    }
    position =
        opcode.encoding() == Encoding.LEGACY
            ? legacyOpcode(cell, position, opcode)
            : vectorOpcode(cell, position, opcode);
    if (oneIn(4)) {
      cell[position] |= (byte) 0xc0; // a register form
    } else if (oneIn(4)) {
      cell[position] = (byte) ((cell[position] & 0xf8) | 4); // a SIB byte
    }
    return cell;
  }

  private int legacyOpcode(byte[] cell, int start, Opcode opcode) {
    int position = start;
    if (oneIn(2)) {
      cell[position++] = oneOf(LEGACY_PREFIXES);
      if (oneIn(6)) {
        cell[position++] = oneOf(LEGACY_PREFIXES);
      }
    }
    if (oneIn(3)) {
      cell[position++] = (byte) (0x40 + random.nextInt(16));
    }
    if (opcode.map() > 0) {
      cell[position++] = 0x0f;
    }
    if (opcode.map() > 1) {
      cell[position++] = (byte) (opcode.map() == 2 ? 0x38 : 0x3a);
    }
    cell[position++] = (byte) opcode.opcode();
    return position;
  }

  private int vectorOpcode(byte[] cell, int start, Opcode opcode) {
    int position = start;
    boolean unusedVvvv = oneIn(2);
    if (opcode.encoding() == Encoding.VEX3 && opcode.map() == 1 && oneIn(4)) {
      cell[position++] = (byte) 0xc5;
    } else {
      cell[position++] =
          (byte)
              (opcode.encoding() == Encoding.VEX3
                  ? 0xc4
                  : opcode.encoding() == Encoding.EVEX ? 0x62 : 0x8f);
      cell[position] = (byte) ((cell[position] & 0xe0) | opcode.map());
      position++;
    }
    if (unusedVvvv) {
      cell[position] |= 0x78;
    }
    if (opcode.encoding() == Encoding.EVEX) {
      cell[position++] |= 4;
    }
    position++;
    cell[position++] = (byte) opcode.opcode();
    return position;
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  private byte oneOf(int[] bytes) {
    return (byte) bytes[random.nextInt(bytes.length)];
  }
}
