package org.capvm.machine.verify;

import java.util.Arrays;
import org.capvm.machine.isa.Decoder;
import org.capvm.machine.isa.Instruction;

/**
 * The instructions of one translation unit, in order, from a linear decode. Filled once, then only
 * read; one thread.
 */
final class Listing {
  /** Stands for any byte in a pattern of {@link #is}. */
  static final int ANY = -1;

  private final byte[] code;
  private Instruction[] instructions;
  private int[] offsets;
  private int count;

  private Listing(byte[] code) {
    this.code = code;
    int guess = code.length / 4 + 1;
    this.instructions = new Instruction[guess];
    this.offsets = new int[guess];
  }

  /**
   * Decodes {@code code} up to its end, or up to the first bytes that are no instruction: see
   * {@link #endOffset}.
   */
  static Listing decode(byte[] code) {
    Listing listing = new Listing(code);
    int offset = 0;
    while (offset < code.length) {
      Instruction instruction = Decoder.decode(code, offset, code.length);
      if (!instruction.form().isMatched()) {
        break;
      }
      listing.add(instruction, offset);
      offset += instruction.length();
    }
    return listing;
  }

  private void add(Instruction instruction, int offset) {
    if (count == instructions.length) {
      instructions = Arrays.copyOf(instructions, 2 * count);
      offsets = Arrays.copyOf(offsets, 2 * count);
    }
    instructions[count] = instruction;
    offsets[count++] = offset;
  }

  int count() {
    return count;
  }

  Instruction at(int index) {
    return instructions[index];
  }

  /** Offset of the instruction's first byte from the start of the unit. */
  int offset(int index) {
    return offsets[index];
  }

  /** Offset after the last instruction; the unit's length exactly if all of it decoded. */
  int endOffset() {
    return count == 0 ? 0 : offsets[count - 1] + instructions[count - 1].length();
  }

  /** Byte {@code position} of an instruction, 0 to 255. */
  int byteAt(int index, int position) {
    return code[offsets[index] + position] & 0xff;
  }

  /**
   * Whether there is an instruction at {@code index} whose bytes are exactly these.
   *
   * @param pattern one element per byte: 0 to 255, or {@link #ANY}
   */
  boolean is(int index, int... pattern) {
    if (index >= count || instructions[index].length() != pattern.length) {
      return false;
    }
    for (int i = 0; i < pattern.length; i++) {
      if (pattern[i] != ANY && pattern[i] != byteAt(index, i)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether the prefixes of an instruction can be read in one way only: at most one segment prefix,
   * and REX, if there is one, next to the opcode. Processors ignore a REX elsewhere and, it seems,
   * 26, 2e, 36 and 3e after 64 and 65; nothing here depends on it.
   */
  boolean hasPlainPrefixes(int index) {
    if (instructions[index].opcodeOffset() <= 1) {
      return true; // one prefix at most
    }
    int segments = 0;
    boolean rex = false;
    for (int position = 0; ; position++) {
      int b = byteAt(index, position);
      boolean segment = (b & 0xe7) == 0x26 || b == 0x64 || b == 0x65;
      boolean other = b == 0x66 || b == 0x67 || b == 0xf0 || b == 0xf2 || b == 0xf3;
      boolean isRex = (b & 0xf0) == 0x40;
      if (!segment && !other && !isRex) {
        return segments <= 1;
      }
      if (rex) {
        return false;
      }
      rex = isRex;
      segments += segment ? 1 : 0;
    }
  }
}
