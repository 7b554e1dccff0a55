package org.capvm.machine.isa;

/**
 * The opcode, ModRM and SIB bytes of an instruction and where its parts are, packed into one long.
 *
 * <p>Offsets count from the instruction's first byte; 0 means that the part is absent, since
 * nothing but a prefix or an opcode can be first, and the opcode is never absent.
 */
final class InstructionLayout {
  private static final int MODRM = 8;
  private static final int SIB = 16;
  private static final int LENGTH = 24;
  private static final int OPCODE_OFFSET = 28;
  private static final int MODRM_OFFSET = 32;
  private static final int DISPLACEMENT_OFFSET = 36;
  private static final int DISPLACEMENT_SIZE = 40;
  private static final int IMMEDIATE_OFFSET = 44;
  private static final int IMMEDIATE_SIZE = 48;

  private InstructionLayout() {}

  static long opcode(int opcode, int offset) {
    return opcode | (long) offset << OPCODE_OFFSET;
  }

  static long modrm(int modrm, int offset) {
    return (long) modrm << MODRM | (long) offset << MODRM_OFFSET;
  }

  static long sib(int sib) {
    return (long) sib << SIB;
  }

  static long displacement(int offset, int size) {
    return size == 0 ? 0 : (long) offset << DISPLACEMENT_OFFSET | (long) size << DISPLACEMENT_SIZE;
  }

  static long immediate(int offset, int size) {
    return (long) offset << IMMEDIATE_OFFSET | (long) size << IMMEDIATE_SIZE;
  }

  static long length(int length) {
    return (long) length << LENGTH;
  }

  static int opcode(long layout) {
    return (int) layout & 0xff;
  }

  static int modrm(long layout) {
    return (int) (layout >>> MODRM) & 0xff;
  }

  static int sib(long layout) {
    return (int) (layout >>> SIB) & 0xff;
  }

  static int length(long layout) {
    return (int) (layout >>> LENGTH) & 15;
  }

  static int opcodeOffset(long layout) {
    return (int) (layout >>> OPCODE_OFFSET) & 15;
  }

  static int modrmOffset(long layout) {
    return (int) (layout >>> MODRM_OFFSET) & 15;
  }

  static int displacementOffset(long layout) {
    return (int) (layout >>> DISPLACEMENT_OFFSET) & 15;
  }

  static int displacementSize(long layout) {
    return (int) (layout >>> DISPLACEMENT_SIZE) & 15;
  }

  static int immediateOffset(long layout) {
    return (int) (layout >>> IMMEDIATE_OFFSET) & 15;
  }

  static int immediateSize(long layout) {
    return (int) (layout >>> IMMEDIATE_SIZE) & 15;
  }
}
