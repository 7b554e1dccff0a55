package org.capvm.machine.isa;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.capvm.machine.isa.Operand.Role;
import org.capvm.machine.layout.Gpr;

/**
 * Prints instructions as {@code objdump -M intel} does, without prefixes, symbols and comments.
 *
 * <p>What objdump spells in its own way is at the end of the class; everything else follows from
 * the table's row.
 */
final class IntelPrinter {
  private static final List<String> CONDITIONS =
      List.of(
          "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g");

  private static final List<String> COMPARISONS =
      List.of(
          "eq",
          "lt",
          "le",
          "unord",
          "neq",
          "nlt",
          "nle",
          "ord",
          "eq_uq",
          "nge",
          "ngt",
          "false",
          "neq_oq",
          "ge",
          "gt",
          "true",
          "eq_os",
          "lt_oq",
          "le_oq",
          "unord_s",
          "neq_us",
          "nlt_uq",
          "nle_uq",
          "ord_s",
          "eq_us",
          "nge_uq",
          "ngt_uq",
          "false_os",
          "neq_os",
          "ge_oq",
          "gt_oq",
          "true_us");

  private static final List<String> SEGMENTS =
      List.of("es", "cs", "ss", "ds", "fs", "gs", "?", "?");

  private static final Map<Integer, String> SIZES =
      Map.of(
          1,
          "BYTE PTR ",
          2,
          "WORD PTR ",
          4,
          "DWORD PTR ",
          8,
          "QWORD PTR ",
          10,
          "TBYTE PTR ",
          16,
          "XMMWORD PTR ",
          32,
          "YMMWORD PTR ",
          64,
          "ZMMWORD PTR ");

  private static final Map<Integer, String> PRODUCTS =
      Map.of(
          0x00, "lqlqdq", 0x01, "hqlqdq", 0x02, "lqhqdq", 0x03, "hqhqdq", 0x10, "lqhqdq", 0x11,
          "hqhqdq");

  private final Instruction instruction;
  private final long address;

  private IntelPrinter(Instruction instruction, long address) {
    this.instruction = instruction;
    this.address = address;
  }

  /** The text of an instruction at {@code address}. */
  static String print(Instruction instruction, long address) {
    return new IntelPrinter(instruction, address).print();
  }

  private String print() {
    List<Operand> operands = instruction.form().operands();
    String mnemonic = mnemonic();
    int count = operands.size();
    if (hidesLastOperand(mnemonic)) {
      count--;
    }
    StringBuilder text = new StringBuilder(mnemonic);
    int first =
        mnemonic.contains("maskmov") && operands.get(0).role() == Role.IMPLICIT_MEMORY ? 1 : 0;
    for (int i = first; i < count; i++) {
      text.append(i == first ? ' ' : ',').append(operand(operands.get(i)));
    }
    return text.toString();
  }

  private String operand(Operand operand) {
    return switch (operand.role()) {
      case MODRM_REG, VVVV, OPCODE_REG, IS4, FIXED_REGISTER -> register(operand);
      case MODRM_RM -> instruction.hasMemory() ? memory(operand) : register(operand);
      case MOFFS -> segment("ds:") + hex(instruction.displacement());
      case IMPLICIT_MEMORY -> implicitMemory(operand);
      case IMMEDIATE -> hex(instruction.immediate() & valueMask());
      case SECOND_IMMEDIATE -> hex(instruction.secondImmediate());
      case RELATIVE -> Long.toHexString(instruction.branchTarget(address));
      case CONSTANT -> Integer.toString(operand.fixed());
    };
  }

  private long valueMask() {
    boolean bytes = instruction.immediateSize() == 1 && !instruction.form().signedImmediate();
    int size = bytes ? 1 : instruction.operandSizeBytes();
    return size == 8 ? -1 : (1L << (8 * size)) - 1;
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  private String register(Operand operand) {
    int number = instruction.register(operand);
    return switch (operand.registerClass()) {
      case GPR ->
          instruction.isHighByte(operand)
              ? List.of("ah", "ch", "dh", "bh").get(number - 4)
              : gpr(number, operand.registerWidth().bytes(instruction));
      case VECTOR ->
          vector(
              number,
              isScalarStore() && operand.role() == Role.MODRM_RM
                  ? Width.VECTOR
                  : operand.registerWidth());
      case MMX ->
          (instruction.hasOperandSizePrefix() && instruction.pp() != 1 ? "xmm" : "mm") + number;
      case X87 ->
          number == 0 && operand.role() == Role.FIXED_REGISTER ? "st" : "st(" + number + ")";
      case SEGMENT -> SEGMENTS.get(number);
      case CONTROL -> "cr" + number;
      case DEBUG -> "dr" + number;
      case MASK -> "k" + number;
      case NONE -> throw new IllegalStateException("not a register: " + operand);
    };
  }

  private String vector(int number, Width width) {
    return (width.bytes(instruction) == 32 ? "ymm" : "xmm") + number;
  }

  private static String gpr(int number, int bytes) {
    String name = Gpr.name(number);
    if (number >= 8) {
      return name + (bytes == 1 ? "b" : bytes == 2 ? "w" : bytes == 4 ? "d" : "");
    }
    return switch (bytes) {
      case 1 -> number < 4 ? name.charAt(1) + "l" : name.substring(1) + "l";
      case 2 -> name.substring(1);
      case 4 -> "e" + name.substring(1);
      default -> name;
    };
  }

  private String memory(Operand operand) {
    return size(operand) + address(operand);
  }

  private String size(Operand operand) {
    String mnemonic = instruction.form().mnemonic();
    if (mnemonic.equals("LEA") || mnemonic.endsWith("LDDQU")) {
      return "";
    }
    if (isInstructionPrefetch()) {
      return "BYTE PTR ";
    }
    if (mnemonic.equals("CMPXCHG16B")) {
      return "OWORD PTR ";
    }
    if (operand.isVectorIndexed()) {
      return mnemonic.endsWith("D") && !mnemonic.endsWith("PD") || mnemonic.endsWith("PS")
          ? "DWORD PTR "
          : "QWORD PTR ";
    }
    return SIZES.getOrDefault(operand.memoryWidth().bytes(instruction), "");
  }

  private String address(Operand operand) {
    int bytes = instruction.addressSizeBytes();
    int base = instruction.base();
    int index = instruction.index();
    long displacement = instruction.displacement();
    if (base == Gpr.NONE && index == Gpr.NONE && !printsNoIndex()) {
      return segment("ds:") + hex(bytes == 8 ? displacement : displacement & 0xffff_ffffL);
    }
    StringBuilder text = new StringBuilder(segment("")).append('[');
    if (base == Gpr.RIP) {
      text.append(bytes == 8 ? "rip" : "eip");
    } else if (base != Gpr.NONE) {
      text.append(gpr(base, bytes));
    }
    if (index != Gpr.NONE || printsNoIndex()) {
      String name =
          index == Gpr.NONE
              ? bytes == 8 ? "riz" : "eiz"
              : instruction.isVsib() ? vector(index, operand.registerWidth()) : gpr(index, bytes);
      text.append(base == Gpr.NONE ? "" : "+")
          .append(name)
          .append('*')
          .append(1 << instruction.scaleLog2());
    }
    if (instruction.displacementSize() != 0) {
      if (base == Gpr.NONE && index == Gpr.NONE && bytes == 4) {
        displacement &= 0xffff_ffffL;
      }
      boolean negative = displacement < 0 && base != Gpr.RIP;
      text.append(negative ? "-" : "+").append(hex(negative ? -displacement : displacement));
    }
    return text.append(']').toString();
  }

  /**
   * Whether a SIB byte without index is printed as if it had one: where assemblers would not use
   * it.
   */
  private boolean printsNoIndex() {
    boolean sib =
        instruction.hasMemory() && !instruction.isMoffs() && (instruction.modrm() & 7) == 4;
    if (!sib || instruction.index() != Gpr.NONE) {
      return false;
    }
    return instruction.scaleLog2() != 0
        || (instruction.base() == Gpr.NONE && instruction.addressSizeBytes() == 4)
        || (instruction.base() != Gpr.NONE && (instruction.base() & 7) != Gpr.RSP);
  }

  private String segment(String otherwise) {
    return switch (instruction.segmentOverride()) {
      case FS -> "fs:";
      case GS -> "gs:";
      case NONE -> otherwise;
    };
  }

  private String implicitMemory(Operand operand) {
    String base = gpr(operand.fixed(), instruction.addressSizeBytes());
    boolean destination = operand.fixed() == Gpr.RDI && instruction.form().isString();
    String segment = destination ? "" : segment("");
    return SIZES.get(operand.memoryWidth().bytes(instruction)) + segment + "[" + base + "]";
  }

  // objdump's own spellings

  private String mnemonic() {
    String mnemonic = instruction.form().mnemonic().toLowerCase(Locale.ROOT);
    if (mnemonic.endsWith("cc")) {
      return mnemonic.substring(0, mnemonic.length() - 2) + CONDITIONS.get(instruction.condition());
    }
    if (isComparison() && instruction.immediate() < (mnemonic.startsWith("v") ? 32 : 8)) {
      int stem = mnemonic.length() - 2;
      return mnemonic.substring(0, stem)
          + COMPARISONS.get((int) instruction.immediate())
          + mnemonic.substring(stem);
    }
    if (isCarrylessProduct()) {
      return mnemonic.replace("mulqdq", "mul" + PRODUCTS.get((int) instruction.immediate()));
    }
    int size = instruction.operandSizeBytes();
    return switch (mnemonic) {
      case "retf", "iret" -> mnemonic + (size == 8 ? "q" : size == 2 ? "w" : "");
      case "pushf", "popf", "leave", "enter" -> size == 2 ? mnemonic + "w" : mnemonic;
      case "push" -> size == 2 && instruction.immediateSize() != 0 ? "pushw" : mnemonic;
      case "fneni", "fndisi" -> mnemonic + "(8087 only)";
      case "fnsetpm" -> mnemonic + "(287 only)";
      case "nop" ->
          instruction.opcode() == 0x90 && instruction.hasOperandSizePrefix()
              ? "xchg " + gpr(Gpr.RAX, size) + "," + gpr(Gpr.RAX, size)
              : isInstructionPrefetch()
                  ? (instruction.modrm() >> 3 & 1) == 1 ? "prefetchit0" : "prefetchit1"
                  : mnemonic;
      case "fldenv", "fnstenv", "frstor", "fnsave" ->
          instruction.hasOperandSizePrefix() ? mnemonic + "w" : mnemonic;
      case "pcmpestri", "pcmpestrm", "vpcmpestri", "vpcmpestrm" ->
          size == 8 ? mnemonic + "q" : mnemonic;
      case "rdssp" -> mnemonic + (size == 8 ? "q" : "d");
      case "mov" ->
          (instruction.isMoffs() && instruction.displacementSize() == 8)
                  || instruction.immediateSize() == 8
              ? "movabs"
              : mnemonic;
      case "jrcxz" -> instruction.addressSizeBytes() == 4 ? "jecxz" : mnemonic;
      default -> mnemonic;
    };
  }

  private boolean isComparison() {
    return instruction.opcodeMap() == 1
        && instruction.opcode() == 0xc2
        && instruction.form().mnemonic().contains("CMP");
  }

  /** Two reserved hints that are prefetches if their operand is relative to rip. */
  private boolean isInstructionPrefetch() {
    return instruction.opcodeMap() == 1
        && instruction.opcode() == 0x18
        && instruction.base() == Gpr.RIP
        && (instruction.modrm() >> 3 & 7) >= 6;
  }

  /**
   * The register forms of vmovss and vmovsd with opcode 11, whose first operand objdump prints in
   * the length that VEX.L says.
   */
  private boolean isScalarStore() {
    return instruction.opcodeMap() == 1
        && instruction.opcode() == 0x11
        && instruction.encoding() != Encoding.LEGACY
        && instruction.pp() >= 2;
  }

  private boolean isCarrylessProduct() {
    return instruction.form().mnemonic().endsWith("PCLMULQDQ")
        && PRODUCTS.containsKey((int) instruction.immediate());
  }

  private boolean hidesLastOperand(String mnemonic) {
    return (isComparison() || isCarrylessProduct())
        && !mnemonic.equalsIgnoreCase(instruction.form().mnemonic());
  }
}
