package org.capvm.monitor.escape;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Makes programs that try to leave their slot: random bytes, changed pieces of real code, and
 * sequences of instructions chosen for what they do to the stack pointer, to string registers, near
 * the ends of the slot and to code.
 *
 * <p>The same random numbers give the same programs.
 */
final class ProgramGenerator {
  private static final int[] SEGMENT_AND_SIZE_PREFIXES = {0x64, 0x65, 0x66, 0x67, 0x2E, 0xF0, 0xF3};
  private static final long[] EDGES = {
    0,
    1,
    7,
    8,
    0x7F,
    0x80,
    0xFFF,
    0x1000,
    0x7FFF_FFFFL,
    0x8000_0000L,
    0xFFFF_EFFCL,
    0xFFFF_FFF8L,
    0xFFFF_FFFFL,
    0x1_0000_0000L,
    0x1_0001_0000L,
    0x7FFF_FFFF_F000L,
    0x8000_0000_0000L,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -1,
    -8,
    -4096
  };
  private static final long[] OWN = {
    Places.FIRST_PAGE,
    Places.DATA,
    Places.DATA + Places.AREA_BYTES - 8,
    Places.STACK + Places.AREA_BYTES / 2,
    Places.CODE,
    Places.LAST_PAGE,
    Places.LAST_PAGE + Places.PAGE_BYTES - 4
  };

  private final RandomGenerator random;
  private final Places places;
  private final byte[] realCode;
  private final ByteArrayOutputStream code = new ByteArrayOutputStream();

  /**
   * @param realCode machine code of an installed program or library
   */
  ProgramGenerator(RandomGenerator random, Places places, byte[] realCode) {
    this.random = random;
    this.places = places;
    this.realCode = realCode;
  }

  /** The next program. */
  Program next() {
    byte[] bytes =
        switch (random.nextInt(4)) {
          case 0 -> randomBytes();
          case 1 -> changedRealCode();
          default -> sequence();
        };
    long[] registers = new long[16];
    for (int i = 0; i < registers.length; i++) {
      registers[i] = random.nextInt(3) == 0 ? word() : ownAddress();
    }
    if (random.nextInt(4) != 0) {
      registers[4] = Places.STACK + Places.AREA_BYTES / 2;
    }
    return new Program(bytes, registers, random.nextInt(4) == 0 ? 0x400 : random.nextInt(0x1000));
  }

  private byte[] randomBytes() {
    byte[] bytes = new byte[1 + random.nextInt(Program.MAX_CODE_BYTES)];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] changedRealCode() {
    int length = 8 + random.nextInt(Program.MAX_CODE_BYTES - 8);
    int start = random.nextInt(realCode.length - length);
    byte[] bytes = Arrays.copyOfRange(realCode, start, start + length);
    for (int changes = random.nextInt(4); changes > 0; changes--) {
      int at = random.nextInt(bytes.length);
      bytes[at] =
          (byte) (random.nextBoolean() ? random.nextInt(256) : bytes[at] ^ 1 << random.nextInt(8));
    }
    return bytes;
  }

  private byte[] sequence() {
    code.reset();
    int instructions = 1 + random.nextInt(10);
    for (int i = 0; i < instructions; i++) {
      int before = code.size();
      instruction();
      if (code.size() > Program.MAX_CODE_BYTES) {
        return Arrays.copyOf(code.toByteArray(), before);
      }
    }
    return code.toByteArray();
  }

  private void instruction() {
    switch (random.nextInt(20)) {
      case 0 -> stackArithmetic();
      case 1 -> stackTransfer();
      case 2 -> bytes(pick(0x50, 0x58) + random.nextInt(8)); // push, pop
      case 3 -> withModRm(pick(0, 0x48), pick(0x8F, 0xFF), pick(0, 6)); // pop, push [m]
      case 4 -> stringInstruction();
      case 5 -> bytes(pick(0xFC, 0xFD)); // cld, std
      case 6 -> gather();
      case 7 -> withModRm(pick(0x48, 0), pick(0x89, 0x8B, 0x01, 0x03, 0x87, 0x8D), register());
      case 8 -> withModRm(pick(0x48, 0), pick(0xFF), pick(2, 4, 3, 5)); // call, jmp
      case 9 -> branch();
      case 10 -> bytes(random.nextInt(8) == 0 ? new int[] {0xC3} : ret());
      case 11 -> storeToCode();
      case 12 -> moveConstant();
      case 13 -> twoByte();
      case 14 -> bitTest();
      case 15 -> wideStore();
      case 16 -> forbidden();
      case 17 -> flags();
      case 18 -> prefixed();
      default -> withModRm(pick(0x48, 0x4C, 0x49), random.nextInt(256), register());
    }
  }

  /** add, sub, and, lea and inc of rsp, with constants of every size. */
  private void stackArithmetic() {
    switch (random.nextInt(5)) {
      case 0 -> {
        bytes(0x48, 0x81, pick(0xC4, 0xEC, 0xE4, 0xCC, 0xF4));
        constant(4);
      }
      case 1 -> bytes(0x48, 0x83, pick(0xC4, 0xEC, 0xE4), random.nextInt(256));
      case 2 -> {
        bytes(0x48, 0x8D, 0xA4, 0x24); // lea rsp, [rsp + disp32]
        constant(4);
      }
      case 3 -> bytes(0x48, pick(0x01, 0x29, 0x31, 0x21), 0xC4 | register() << 3); // op rsp, r
      default -> bytes(pick(0x48, 0x66, 0x40), 0xFF, pick(0xC4, 0xCC)); // inc, dec
    }
  }

  /** Writes of rsp from elsewhere. */
  private void stackTransfer() {
    switch (random.nextInt(8)) {
      case 0 -> bytes(0x48, 0x89, 0xC4 | register() << 3); // mov rsp, r
      case 1 -> bytes(0x89, 0xC4 | register() << 3); // mov esp, r
      case 2 -> bytes(0xC9); // leave
      case 3 -> bytes(0x5C); // pop rsp
      case 4 -> bytes(0xC8, random.nextInt(256), random.nextInt(256), random.nextInt(32)); // enter
      case 5 -> bytes(0x48, 0x87, 0xC4 | register() << 3); // xchg
      case 6 -> withModRm(0x48, pick(0x8B, 0x8D, 0x63, 0x03), 4); // into rsp from memory
      default -> bytes(0x48, 0x0F, pick(0x44, 0x45, 0xC1, 0xB1), 0xC4 | register()); // cmov, xadd
    }
  }

  private void stringInstruction() {
    int repeat = pick(0, 0xF2, 0xF3);
    if (repeat != 0) {
      bytes(repeat);
    }
    if (random.nextInt(4) == 0) {
      bytes(pick(0x67, 0x66, 0x64, 0x65));
    }
    if (random.nextBoolean()) {
      bytes(0x48);
    }
    bytes(pick(0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0x6C, 0x6E));
  }

  /** vpgatherdd and its kin, with index registers that programs do not control. */
  private void gather() {
    bytes(
        0xC4,
        pick(0xE2, 0xC2, 0xA2),
        pick(0x7D, 0xFD, 0x69),
        0x90 + random.nextInt(4),
        0x04 | register() << 3,
        random.nextInt(256));
  }

  private void branch() {
    switch (random.nextInt(4)) {
      case 0 -> bytes(0x70 + random.nextInt(16), random.nextInt(256)); // jcc
      case 1 -> bytes(pick(0xE0, 0xE1, 0xE2, 0xE3, 0xEB), random.nextInt(256)); // loop, jmp
      case 2 -> {
        bytes(pick(0xE8, 0xE9));
        constant(4);
      }
      default -> {
        bytes(pick(0xE8, 0xE9));
        little(random.nextInt(256) - 128, 4);
      }
    }
  }

  private int[] ret() {
    return new int[] {0xC2, random.nextInt(256), random.nextInt(256)};
  }

  /** A store close to the instruction itself. */
  private void storeToCode() {
    bytes(0xC7, 0x05);
    little(random.nextInt(128) - 64, 4);
    constant(4);
  }

  private void moveConstant() {
    bytes(0x48 | random.nextInt(2), 0xB8 + random.nextInt(8));
    little(word(), 8);
  }

  private void twoByte() {
    int prefix = pick(0, 0x66, 0xF2, 0xF3);
    if (prefix != 0) {
      bytes(prefix);
    }
    bytes(0x40 | random.nextInt(16), 0x0F, random.nextInt(256));
    modRm(register());
  }

  private void bitTest() {
    bytes(0x48, 0x0F, pick(0xA3, 0xAB, 0xB3, 0xBB));
    modRm(register());
  }

  /** cmpxchg16b, maskmovdqu, xlat, fxsave, xsave and vector stores. */
  private void wideStore() {
    switch (random.nextInt(5)) {
      case 0 -> withModRm(0x48, 0x0F, 0xC7, 1);
      case 1 -> bytes(0x66, 0x0F, 0xF7, 0xC0 | random.nextInt(64));
      case 2 -> bytes(0xD7);
      case 3 -> withModRm(pick(0, 0x48), 0x0F, 0xAE, random.nextInt(8));
      default -> {
        bytes(0xC5, 0xFC, 0x11); // vmovups [m], ymm
        modRm(register());
      }
    }
  }

  private void forbidden() {
    switch (random.nextInt(8)) {
      case 0 -> bytes(0x0F, 0x05); // syscall
      case 1 -> bytes(0x0F, 0x34); // sysenter
      case 2 -> bytes(0xCD, random.nextInt(256)); // int
      case 3 -> bytes(0xF3, 0x48, 0x0F, 0xAE, 0xC0 | random.nextInt(32)); // rd/wr fs/gs base
      case 4 -> bytes(pick(0xCF, 0xCB, 0xF4, 0xCC, 0xFA)); // iret, retf, hlt, int3, cli
      case 5 -> withModRm(0x48, 0x8E, random.nextInt(8)); // mov sreg
      case 6 -> bytes(0x0F, 0x01, random.nextInt(256)); // xgetbv, swapgs, wrpkru, monitor …
      default -> withModRm(0x48, 0xFF, pick(3, 5)); // far call, far jmp
    }
  }

  private void flags() {
    switch (random.nextInt(3)) {
      case 0 -> bytes(0x9C);
      case 1 -> bytes(0x9D);
      default -> {
        bytes(0x68); // push imm32; popfq
        constant(4);
        bytes(0x9D);
      }
    }
  }

  private void prefixed() {
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      bytes(SEGMENT_AND_SIZE_PREFIXES[random.nextInt(SEGMENT_AND_SIZE_PREFIXES.length)]);
    }
    withModRm(pick(0x48, 0), random.nextInt(256), register());
  }

  private void withModRm(int rex, int opcode, int field) {
    withModRm(rex, 0, opcode, field);
  }

  /** Zero for {@code rex} or {@code escape} leaves that byte out. */
  private void withModRm(int rex, int escape, int opcode, int field) {
    if (rex != 0) {
      bytes(rex | random.nextInt(2)); // REX.B now and then
    }
    if (escape != 0) {
      bytes(escape);
    }
    bytes(opcode);
    modRm(field);
  }

  /** A ModRM byte with everything that follows it. */
  private void modRm(int field) {
    int mode = random.nextInt(4);
    int rm = random.nextInt(8);
    bytes(mode << 6 | field << 3 | rm);
    int sib = -1;
    if (mode != 3 && rm == 4) {
      sib = random.nextInt(256);
      bytes(sib);
    }
    if (mode == 1) {
      bytes(random.nextInt(256));
    } else if (mode == 2 || mode == 0 && (rm == 5 || sib >= 0 && (sib & 7) == 5)) {
      constant(4);
    }
  }

  private void constant(int length) {
    little(word(), length);
  }

  /** A value that is likely to matter. */
  private long word() {
    return switch (random.nextInt(6)) {
      case 0 -> EDGES[random.nextInt(EDGES.length)];
      case 1 -> random.nextLong();
      case 2 -> places.host()[random.nextInt(places.host().length)];
      case 3 -> random.nextInt(64) - 32;
      default -> ownAddress();
    };
  }

  private long ownAddress() {
    return OWN[random.nextInt(OWN.length)] + random.nextInt(4) * random.nextInt(32);
  }

  private int register() {
    return random.nextInt(8);
  }

  private int pick(int... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private void bytes(int... values) {
    for (int value : values) {
      code.write(value);
    }
  }

  private void little(long value, int length) {
    for (int i = 0; i < length; i++) {
      code.write((int) (value >> 8 * i));
    }
  }
}
