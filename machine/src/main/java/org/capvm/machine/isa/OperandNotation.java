package org.capvm.machine.isa;

import org.capvm.machine.isa.Operand.Access;
import org.capvm.machine.isa.Operand.Role;
import org.capvm.machine.layout.Gpr;

/**
 * The notation of operands in the instruction table: a letter for the place, and an access with a
 * type, for example {@code rw r/m8}.
 */
final class OperandNotation {
  private OperandNotation() {}

  /** Whether immediates of this type are sign-extended. */
  static boolean isSigned(String accessAndType) {
    return switch (type(accessAndType)) {
      case "imm8s", "immz", "immv", "rel8", "rel32" -> true;
      default -> false;
    };
  }

  /**
   * Parses an operand.
   *
   * @param place the letter from the table's third column
   * @throws IllegalStateException if it is not in the notation
   */
  static Operand parse(char place, String accessAndType) {
    Access access =
        switch (accessAndType.substring(0, accessAndType.indexOf(' '))) {
          case "r" -> Access.READ;
          case "w" -> Access.WRITE;
          case "rw" -> Access.READ_WRITE;
          case "n" -> Access.NONE;
          default -> throw new IllegalStateException("unknown access: " + accessAndType);
        };
    String type = type(accessAndType);
    return switch (place) {
      case 'R' -> register(Role.MODRM_REG, type, access);
      case 'V' -> register(Role.VVVV, type, access);
      case 'O' -> register(Role.OPCODE_REG, type, access);
      case 'S' -> register(Role.IS4, type, access);
      case 'M' -> registerOrMemory(type, access);
      case 'F' -> memory(Role.MOFFS, memoryWidth(type), access, 0);
      case 'I' -> value(Role.IMMEDIATE, access, 0);
      case 'J' -> value(Role.SECOND_IMMEDIATE, access, 0);
      case 'D' -> value(Role.RELATIVE, access, 0);
      case 'A' -> implied(type, access);
      default -> throw new IllegalStateException("unknown place: " + place);
    };
  }

  private static String type(String accessAndType) {
    return accessAndType.substring(accessAndType.indexOf(' ') + 1);
  }

  private static Operand value(Role role, Access access, int fixed) {
    return new Operand(role, RegisterClass.NONE, Width.NONE, false, Width.NONE, access, fixed);
  }

  private static Operand memory(Role role, Width width, Access access, int fixed) {
    return new Operand(role, RegisterClass.NONE, Width.NONE, true, width, access, fixed);
  }

  private static Operand register(Role role, String type, Access access) {
    return new Operand(
        role, registerClass(type), registerWidth(type), false, Width.NONE, access, 0);
  }

  private static Operand registerOrMemory(String type, Access access) {
    if (type.startsWith("vm")) {
      Width indexWidth = registerWidth(type.substring(2));
      return new Operand(
          Role.MODRM_RM, RegisterClass.NONE, indexWidth, true, Width.NONE, access, 0);
    }
    int slash = type.indexOf('/');
    if (slash < 0 && type.charAt(0) == 'm' && !type.equals("mm")) {
      return memory(Role.MODRM_RM, memoryWidth(type), access, 0);
    }
    if (slash < 0) {
      return register(Role.MODRM_RM, type, access);
    }
    String registerType = type.substring(0, slash);
    String memoryType = type.substring(slash + 1);
    Width memoryWidth = memoryWidth(memoryType);
    Width registerWidth = registerType.equals("r") ? memoryWidth : registerWidth(registerType);
    return new Operand(
        Role.MODRM_RM, registerClass(registerType), registerWidth, true, memoryWidth, access, 0);
  }

  private static Operand implied(String type, Access access) {
    int bracket = type.indexOf('[');
    if (bracket >= 0) {
      int base = Gpr.number(type.substring(bracket + 1, type.length() - 1));
      return memory(Role.IMPLICIT_MEMORY, memoryWidth(type.substring(0, bracket)), access, base);
    }
    return switch (type) {
      case "1" -> value(Role.CONSTANT, access, 1);
      case "AL" -> fixed(RegisterClass.GPR, Width.BYTES_1, access, Gpr.RAX);
      case "CL" -> fixed(RegisterClass.GPR, Width.BYTES_1, access, Gpr.RCX);
      case "AX" -> fixed(RegisterClass.GPR, Width.BYTES_2, access, Gpr.RAX);
      case "DX" -> fixed(RegisterClass.GPR, Width.BYTES_2, access, Gpr.RDX);
      case "RAXv" -> fixed(RegisterClass.GPR, Width.OPERAND_SIZE, access, Gpr.RAX);
      case "RAXz" -> fixed(RegisterClass.GPR, Width.OPERAND_SIZE_2_OR_4, access, Gpr.RAX);
      case "XMM0" -> fixed(RegisterClass.VECTOR, Width.BYTES_16, access, 0);
      case "ST0" -> fixed(RegisterClass.X87, Width.BYTES_10, access, 0);
      case "FS" -> fixed(RegisterClass.SEGMENT, Width.BYTES_2, access, 4);
      case "GS" -> fixed(RegisterClass.SEGMENT, Width.BYTES_2, access, 5);
      default -> throw new IllegalStateException("unknown register: " + type);
    };
  }

  private static Operand fixed(
      RegisterClass registerClass, Width width, Access access, int register) {
    return new Operand(
        Role.FIXED_REGISTER, registerClass, width, false, Width.NONE, access, register);
  }

  private static RegisterClass registerClass(String type) {
    return switch (type) {
      case "r", "r8", "r16", "r32", "r64", "rv", "ry" -> RegisterClass.GPR;
      case "xmm", "ymm", "vec" -> RegisterClass.VECTOR;
      case "mm" -> RegisterClass.MMX;
      case "sti" -> RegisterClass.X87;
      case "sreg" -> RegisterClass.SEGMENT;
      case "cr" -> RegisterClass.CONTROL;
      case "dr" -> RegisterClass.DEBUG;
      case "k" -> RegisterClass.MASK;
      default -> throw new IllegalStateException("unknown register type: " + type);
    };
  }

  private static Width registerWidth(String type) {
    return switch (type) {
      case "r8" -> Width.BYTES_1;
      case "r16", "sreg" -> Width.BYTES_2;
      case "r32" -> Width.BYTES_4;
      case "r64", "mm", "cr", "dr", "k" -> Width.BYTES_8;
      case "rv" -> Width.OPERAND_SIZE;
      case "ry" -> Width.OPERAND_SIZE_4_OR_8;
      case "sti" -> Width.BYTES_10;
      case "xmm" -> Width.BYTES_16;
      case "ymm" -> Width.BYTES_32;
      case "vec" -> Width.VECTOR;
      default -> throw new IllegalStateException("unknown register type: " + type);
    };
  }

  private static Width memoryWidth(String type) {
    return switch (type) {
      case "m" -> Width.NONE;
      case "m8" -> Width.BYTES_1;
      case "m16" -> Width.BYTES_2;
      case "m32" -> Width.BYTES_4;
      case "m64" -> Width.BYTES_8;
      case "m80" -> Width.BYTES_10;
      case "m128" -> Width.BYTES_16;
      case "m256" -> Width.BYTES_32;
      case "m512" -> Width.BYTES_64;
      case "m512byte" -> Width.BYTES_512;
      case "mv" -> Width.OPERAND_SIZE;
      case "my" -> Width.OPERAND_SIZE_4_OR_8;
      case "mz" -> Width.OPERAND_SIZE_2_OR_4;
      case "mvec" -> Width.VECTOR;
      case "mhalf" -> Width.VECTOR_HALF;
      case "mquarter" -> Width.VECTOR_QUARTER;
      case "meighth" -> Width.VECTOR_EIGHTH;
      default -> throw new IllegalStateException("unknown memory type: " + type);
    };
  }
}
