package org.capvm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.capvm.machine.layout.SlotLayout;

/**
 * Makes random instructions from the rows of the instruction table, with what {@code semantics.c}
 * needs to know to give their registers sensible values.
 *
 * <p>Reads the table's text, not the decoder, so that the two can disagree.
 */
final class InstructionCases {
  private static final Path TABLE =
      Path.of("../machine/src/main/resources/org/capvm/machine/isa/instructions.txt");

  /** What differs from run to run (LSL knows the processor), by design, or leads control away. */
  private static final Set<String> LEFT_OUT =
      Set.of(
          "RDTSC",
          "RDTSCP",
          "RDRAND",
          "RDSEED",
          "RDPID",
          "CPUID",
          "XGETBV",
          "SYSCALL",
          "POPF",
          "FNSTENV",
          "FNSAVE",
          "FXSAVE",
          "FXSAVE64",
          "RDFSBASE",
          "RDGSBASE",
          "WRFSBASE",
          "WRGSBASE",
          "RET",
          "XSAVE",
          "XSAVE64",
          "XSAVEC",
          "XSAVEC64",
          "XSAVEOPT",
          "XSAVEOPT64",
          "XRSTOR",
          "XRSTOR64",
          "SERIALIZE",
          "LSL");

  private static final int RSP = 4;
  private static final int DATA = 0x20000000;
  private static final int CODE = 0x30000000;
  static final int RECORD_BYTES = 64;
  private static final int SLOT_BYTES = 32;

  private static final int POINTER = 1;
  private static final int SMALL = 2;
  private static final int STACK = 3;
  private static final int STACK_FAR_FROM_ENDS = 4;

  private static final int SMALL_VECTOR = 1;
  private static final int DIRECTION = 2;

  private record Row(
      String[] encoding, String mnemonic, String places, String[] operands, String traits) {
    String operand(char place) {
      int index = places.indexOf(place);
      return index < 0 ? "" : operands[index].substring(operands[index].indexOf(' ') + 1);
    }

    boolean writesMemory() {
      String operand = operands.length == 0 ? "" : operands[0];
      return operand.startsWith("rw") || operand.startsWith("w");
    }

    @Override
    public String toString() {
      return mnemonic + " (" + String.join(" ", encoding) + ")";
    }
  }

  /**
   * An instruction and how to run it.
   *
   * @param row the row of the table, for people
   */
  record Case(String row, byte[] code, byte[] kinds, int flags, int smallVector) {
    byte[] record() {
      byte[] record = new byte[RECORD_BYTES];
      record[0] = (byte) code.length;
      System.arraycopy(code, 0, record, 1, code.length);
      System.arraycopy(kinds, 0, record, 16, 16);
      record[32] = (byte) flags;
      record[33] = (byte) smallVector;
      return record;
    }

    @Override
    public String toString() {
      return row + ": " + HexFormat.ofDelimiter(" ").formatHex(code);
    }
  }

  private final Random random;

  // The case being made
  private final List<Integer> bytes = new ArrayList<>();
  private byte[] kinds;
  private int flags;
  private int smallVector;

  private InstructionCases(long seed) {
    this.random = new Random(seed);
  }

  /** {@code perRow} instructions for each row that can be compared. */
  static List<Case> of(long seed, int perRow) throws IOException {
    InstructionCases cases = new InstructionCases(seed);
    List<Case> made = new ArrayList<>();
    for (Row row : rows()) {
      for (int i = 0; i < perRow; i++) {
        cases.add(made, row);
      }
    }
    return made;
  }

  private static List<Row> rows() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (String line : Files.readAllLines(TABLE)) {
      String[] columns = line.split("\\|", -1);
      if (line.startsWith("#") || columns.length < 7 || columns[5].contains("refuse")) {
        continue;
      }
      String operands = columns[3].strip();
      Row row =
          new Row(
              columns[0].strip().split(" +"),
              columns[1].strip(),
              columns[2].strip(),
              operands.isEmpty() ? new String[0] : operands.split(", *"),
              columns[6].strip());
      if (!LEFT_OUT.contains(row.mnemonic) && !row.traits.contains("indirect")) {
        rows.add(row);
      }
    }
    return rows;
  }

  private void add(List<Case> made, Row row) {
    bytes.clear();
    kinds = new byte[16];
    flags = 0;
    if (row.encoding[0].startsWith("VEX")) {
      vex(row);
    } else {
      legacy(row, CODE + made.size() * SLOT_BYTES);
    }
    if (kinds[RSP] != STACK_FAR_FROM_ENDS) {
      kinds[RSP] = STACK;
    }
    if (bytes.size() <= 15) {
      byte[] code = new byte[bytes.size()];
      for (int i = 0; i < code.length; i++) {
        code[i] = bytes.get(i).byteValue();
      }
      made.add(new Case(row.toString(), code, kinds, flags, smallVector));
    }
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  // Legacy encodings

  private void legacy(Row row, int address) {
    List<String> words = List.of(row.encoding);
    String operands = String.join(",", row.operands);
    boolean sized = Pattern.compile("v\\b|immz|mz|v\\[").matcher(operands).find();
    boolean no16 = words.contains("no16") || words.contains("NP") || row.traits.contains("d64");
    boolean wide = words.contains("REX.W");
    boolean mayBeWide =
        !words.contains("REX.W0") && !words.contains("o16") && !words.contains("NFx") && !wide;
    boolean small = words.contains("o16");
    if (sized && mayBeWide && random.nextInt(3) == 0
        || operands.contains("y") && mayBeWide && oneIn(2)) {
      wide = true;
    } else if (sized && !no16 && !wide && oneIn(3)) {
      small = true;
    }
    implied(row);
    boolean memory = isMemory(row);
    prefixes(row, words, memory, small);
    int rex = wide ? 8 : 0;
    int reg = register(row.operand('R'));
    List<Integer> rest = new ArrayList<>();
    int opcodeRegister = -1;
    List<Integer> opcode = new ArrayList<>();
    boolean modrm = false;
    int digit = -1;
    for (String word : words) {
      if (word.matches("[0-9A-F]{2}") && !(opcode.isEmpty() && isPrefix(word))) {
        opcode.add(Integer.parseInt(word, 16));
      } else if (word.endsWith("+r")) {
        opcodeRegister = words.contains("REX.B0") ? random.nextInt(8) : random.nextInt(16);
        opcode.add(Integer.parseInt(word.substring(0, 2), 16) + (opcodeRegister & 7));
      } else if (word.endsWith("+cc") || word.endsWith("+i")) {
        int range = word.endsWith("+i") ? 8 : 16;
        opcode.add(Integer.parseInt(word.substring(0, 2), 16) + random.nextInt(range));
      } else if (word.matches("/[r0-7]")) {
        modrm = true;
        digit = word.equals("/r") ? -1 : word.charAt(1) - '0';
      }
    }
    if (opcodeRegister >= 8) {
      rex |= 1;
    }
    int rm = -1;
    if (modrm) {
      int field = digit >= 0 ? digit : reg;
      rex |= field >= 8 ? 4 : 0;
      if (memory) {
        rex |=
            memoryOperand(
                field & 7, rest, false, true, address, immediateBytes(words, wide, small));
      } else {
        rm = register(row.operand('M'));
        if (rm == RSP) {
          kinds[RSP] = STACK_FAR_FROM_ENDS;
        }
        rex |= rm >= 8 ? 1 : 0;
        rest.add(0xc0 | (field & 7) << 3 | (rm & 7));
      }
    }
    if (row.mnemonic.startsWith("BT")
        && memory
        && row.places.contains("R")
        && kinds[reg] != POINTER) {
      kinds[reg] = SMALL;
    }
    boolean needsRex = rex != 0 || oneIn(20);
    if (needsRex) {
      bytes.add(0x40 | rex);
    }
    bytes.addAll(opcode);
    bytes.addAll(rest);
    int before = bytes.size();
    do {
      bytes.subList(before, bytes.size()).clear();
      immediates(row, words, wide, small);
    } while (rm == RSP && stepsOffTheStack(before));
  }

  /**
   * Whether an immediate of four bytes takes rsp by a small step to where nothing is mapped: that
   * faults at once in a cVM (docs/translation.md), and natively when something is stored there.
   */
  private boolean stepsOffTheStack(int at) {
    if (bytes.size() - at < 4) {
      return false;
    }
    int step = 0;
    for (int i = 0; i < 4; i++) {
      step |= bytes.get(at + i) << (8 * i);
    }
    return Math.abs(step) > 0x1000 && Math.abs(step) <= SlotLayout.MAX_STACK_STEP;
  }

  private static boolean isPrefix(String word) {
    return word.equals("66") || word.equals("F2") || word.equals("F3");
  }

  private void prefixes(Row row, List<String> words, boolean memory, boolean small) {
    boolean string = row.traits.contains("string");
    if (small) {
      bytes.add(0x66);
    }
    boolean implied = string || row.places.contains("F");
    if (memory && !implied) {
      if (oneIn(20)) {
        bytes.add(0x67);
      }
      if (oneIn(20)) {
        bytes.add(oneIn(2) ? 0x64 : 0x65);
      } else if (oneIn(30)) {
        bytes.add(oneIn(2) ? 0x2e : 0x3e);
      }
      if (row.traits.contains("lock") && row.writesMemory() && oneIn(5)) {
        bytes.add(0xf0);
      }
    }
    if (string && oneIn(2)) {
      bytes.add(oneIn(2) ? 0xf2 : 0xf3);
      kinds[1] = SMALL;
    }
    for (String word : words) {
      if (isPrefix(word)) {
        bytes.add(Integer.parseInt(word, 16));
      }
      break;
    }
  }

  /** Gives registers that the opcode implies as addresses their kinds. */
  private void implied(Row row) {
    if (row.traits.contains("string")) {
      kinds[6] = POINTER;
      kinds[7] = POINTER;
      flags |= DIRECTION;
    }
    for (String operand : row.operands) {
      if (operand.contains("[rdi]")) {
        kinds[7] = POINTER;
      } else if (operand.contains("[rbx]")) {
        kinds[3] = POINTER;
      }
    }
    if (row.mnemonic.equals("LEAVE") || row.mnemonic.equals("ENTER")) {
      kinds[5] = POINTER;
    }
  }

  private static int immediateBytes(List<String> words, boolean wide, boolean small) {
    int bytes = 0;
    for (String word : words) {
      bytes +=
          switch (word) {
            case "ib", "cb" -> 1;
            case "iw" -> 2;
            case "id", "cd" -> 4;
            case "iz" -> small ? 2 : 4;
            case "iv" -> small ? 2 : wide ? 8 : 4;
            default -> 0;
          };
    }
    return bytes;
  }

  private void immediates(Row row, List<String> words, boolean wide, boolean small) {
    if (row.places.contains("D")) {
      // Over two bytes that leave a trace: inc al.
      int distance = words.contains("cb") ? 1 : 4;
      little(row.traits.contains("call") ? 0 : 2, distance);
      bytes.add(0xfe);
      bytes.add(0xc0);
      return;
    }
    if (words.contains("moffs")) {
      little(DATA + 0x1000 + random.nextInt(64), 8);
      return;
    }
    if (words.contains("iwib")) {
      little(random.nextInt(128), 2);
      // With a level, a fault in the middle leaves rsp where the pushes have got to.
      little(0, 1);
      return;
    }
    for (int i = immediateBytes(words, wide, small); i > 0; i--) {
      bytes.add(oneIn(3) ? (oneIn(2) ? 0 : 0xff) : random.nextInt(256));
    }
  }

  private void little(long value, int count) {
    for (int i = 0; i < count; i++) {
      bytes.add((int) (value >> (8 * i)) & 0xff);
    }
  }

  // VEX encodings

  private void vex(Row row) {
    String[] parts = row.encoding[0].split("\\.");
    int length =
        switch (parts[1]) {
          case "128", "LZ", "L0" -> 0;
          case "256", "L1" -> 1;
          default -> random.nextInt(2);
        };
    int pp = List.of("NP", "66", "F3", "F2").indexOf(parts[2]);
    int map = List.of("", "0F", "0F38", "0F3A").indexOf(parts[3]);
    String w = parts.length > 4 ? parts[4] : "any";
    int wide = w.equals("W1") ? 1 : w.equals("W0") ? 0 : random.nextInt(2);
    implied(row);
    boolean memory = isMemory(row);
    int reg = register(row.operand('R'));
    int vvvv = row.places.contains("V") ? register(row.operand('V')) : 0;
    List<Integer> rest = new ArrayList<>();
    int digit = -1;
    for (String word : row.encoding) {
      if (word.matches("/[0-7]")) {
        digit = word.charAt(1) - '0';
      }
    }
    int field = digit >= 0 ? digit : reg;
    boolean hasModrm = List.of(row.encoding).stream().anyMatch(word -> word.matches("/[r0-7]"));
    int rex = field >= 8 ? 4 : 0;
    boolean vsib = row.operand('M').startsWith("vm");
    if (hasModrm && memory) {
      rex |= memoryOperand(field & 7, rest, vsib, false, 0, 0);
      if (oneIn(20)) {
        bytes.add(0x67);
      }
    } else if (hasModrm) {
      int rm = register(row.operand('M'));
      rex |= rm >= 8 ? 1 : 0;
      rest.add(0xc0 | (field & 7) << 3 | (rm & 7));
    }
    if (map == 1 && wide == 0 && (rex & 3) == 0 && oneIn(2)) {
      bytes.add(0xc5);
      bytes.add(((rex & 4) != 0 ? 0 : 0x80) | (~vvvv & 15) << 3 | length << 2 | pp);
    } else {
      bytes.add(0xc4);
      bytes.add((~rex & 7) << 5 | map);
      bytes.add(wide << 7 | (~vvvv & 15) << 3 | length << 2 | pp);
    }
    bytes.add(Integer.parseInt(row.encoding[1], 16));
    bytes.addAll(rest);
    for (String word : row.encoding) {
      if (word.equals("ib") || word.equals("/is4")) {
        bytes.add(random.nextInt(256));
      }
    }
  }

  // Operands

  private boolean isMemory(Row row) {
    String type = row.operand('M');
    boolean only = type.matches("(vm|m).*") && !type.matches("mm(/.*)?");
    return only || (type.contains("/m") && oneIn(2));
  }

  private int register(String type) {
    return switch (type.split("/")[0]) {
      case "mm", "sti", "k" -> random.nextInt(8);
      case "sreg" -> random.nextInt(6);
      default -> random.nextInt(16);
    };
  }

  /**
   * Adds ModRM, SIB and displacement of a memory operand that lies near the data.
   *
   * @return the bits X and B of REX
   */
  private int memoryOperand(
      int field, List<Integer> rest, boolean vsib, boolean mayBeRelative, int address, int after) {
    int form = vsib ? 2 : random.nextInt(mayBeRelative ? 8 : 7);
    int base = random.nextInt(16);
    while (base == RSP) {
      base = random.nextInt(16);
    }
    switch (form) {
      case 0, 1 -> {
        kinds[base] = POINTER;
        boolean sib = (base & 7) == 4;
        int mod = (base & 7) == 5 || oneIn(2) ? 1 + random.nextInt(2) : 0;
        rest.add(mod << 6 | field << 3 | (base & 7));
        if (sib) {
          rest.add(0x24);
        }
        displacement(rest, mod);
        return base >= 8 ? 1 : 0;
      }
      case 2, 3, 4 -> {
        int index = random.nextInt(16);
        while (!vsib && (index == RSP || index == base)) {
          index = random.nextInt(16);
        }
        kinds[base] = POINTER;
        if (vsib) {
          flags |= SMALL_VECTOR;
          smallVector = index;
        } else {
          kinds[index] = SMALL;
        }
        int mod = 1 + random.nextInt(2);
        rest.add(mod << 6 | field << 3 | 4);
        rest.add(random.nextInt(4) << 6 | (index & 7) << 3 | (base & 7));
        displacement(rest, mod);
        return (index >= 8 ? 2 : 0) | (base >= 8 ? 1 : 0);
      }
      case 5 -> {
        int mod = random.nextInt(3);
        rest.add(mod << 6 | field << 3 | 4);
        rest.add(0x24);
        displacement(rest, mod);
        return 0;
      }
      case 6 -> {
        rest.add(field << 3 | 4);
        rest.add(0x25);
        addLittle(rest, DATA + 0x1000 + random.nextInt(256));
        return 0;
      }
      default -> {
        // Where the instruction ends is not known yet; a few bytes more or less do not matter.
        rest.add(field << 3 | 5);
        addLittle(
            rest, DATA + 0x1000 + (random.nextInt(16) << 4) - (address + bytes.size() + after + 8));
        return 0;
      }
    }
  }

  private void displacement(List<Integer> rest, int mod) {
    if (mod == 1) {
      rest.add(random.nextInt(256));
    } else if (mod == 2) {
      addLittle(rest, random.nextInt(0x400) - 0x200);
    }
  }

  private static void addLittle(List<Integer> rest, int value) {
    for (int i = 0; i < 4; i++) {
      rest.add((value >> (8 * i)) & 0xff);
    }
  }
}
