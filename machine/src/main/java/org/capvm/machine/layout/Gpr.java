package org.capvm.machine.layout;

import java.util.List;

/**
 * Numbers of the general-purpose registers, as the encoding has them, and of what else can be a
 * base register.
 */
public final class Gpr {
  public static final int RAX = 0;
  public static final int RCX = 1;
  public static final int RDX = 2;
  public static final int RBX = 3;
  public static final int RSP = 4;
  public static final int RBP = 5;
  public static final int RSI = 6;
  public static final int RDI = 7;
  public static final int R8 = 8;
  public static final int R9 = 9;
  public static final int R10 = 10;
  public static final int R11 = 11;
  public static final int R12 = 12;
  public static final int R13 = 13;
  public static final int R14 = 14;
  public static final int R15 = 15;

  /** As a base only: the address of the next instruction. */
  public static final int RIP = 16;

  /** No register. */
  public static final int NONE = -1;

  private static final List<String> NAMES =
      List.of(
          "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
          "r13", "r14", "r15");

  private Gpr() {}

  /** The register's 64-bit name in lower case; {@code register} is 0 to 15. */
  public static String name(int register) {
    return NAMES.get(register);
  }

  /** The inverse of {@link #name}. */
  public static int number(String name) {
    int number = NAMES.indexOf(name);
    if (number < 0) {
      throw new IllegalStateException("unknown register: " + name);
    }
    return number;
  }

  /** The bit of {@code register} (0 to 15) in masks of registers. */
  public static int bit(int register) {
    return 1 << register;
  }
}
