package org.capvm.machine.assemble;

import org.capvm.machine.layout.Gpr;

/**
 * Emits x86-64 instructions into a growing buffer.
 *
 * <p>Methods are named after instructions, with the operand's width in bits where there is a
 * choice; the destination comes first. Register operands are numbers as in {@link Gpr}; vector
 * registers are numbers 0 to 15. Branches name {@link Label}s, or host addresses, which become
 * relative when {@link #assembleAt} learns where the code will run.
 *
 * <p>Encodings are those of the Intel SDM, volume 2. Not safe for use by several threads at once.
 */
public final class Assembler extends Encoder {

  // ---- moves

  /** Copies a 64-bit register. */
  public void mov64(int destination, int source) {
    encode(NO_PREFIX, true, 0x89, source, destination);
  }

  /** Loads 64 bits. */
  public void mov64(int destination, Memory source) {
    encode(NO_PREFIX, true, 0x8B, destination, source);
  }

  /** Stores 64 bits. */
  public void mov64(Memory destination, int source) {
    encode(NO_PREFIX, true, 0x89, source, destination);
  }

  /** Stores an immediate, sign-extended to 64 bits. */
  public void mov64(Memory destination, Immediate immediate) {
    encode(NO_PREFIX, true, 0xC7, 0, destination);
    int32(immediate.value());
  }

  /** Copies a 32-bit register and clears the destination's upper half. */
  public void mov32(int destination, int source) {
    encode(NO_PREFIX, false, 0x89, source, destination);
  }

  /** Loads 32 bits and clears the destination's upper half. */
  public void mov32(int destination, Memory source) {
    encode(NO_PREFIX, false, 0x8B, destination, source);
  }

  /** Stores 32 bits. */
  public void mov32(Memory destination, int source) {
    encode(NO_PREFIX, false, 0x89, source, destination);
  }

  /** Stores a 32-bit immediate. */
  public void mov32(Memory destination, Immediate immediate) {
    encode(NO_PREFIX, false, 0xC7, 0, destination);
    int32(immediate.value());
  }

  /** Stores 16 bits. */
  public void mov16(Memory destination, int source) {
    encode(0x66, false, 0x89, source, destination);
  }

  /** Stores 8 bits: the register's lowest byte. */
  public void mov8(Memory destination, int source) {
    encodeByte(0x88, source, destination);
  }

  /** Stores an 8-bit immediate. */
  public void mov8(Memory destination, Immediate immediate) {
    encode(NO_PREFIX, false, 0xC6, 0, destination);
    byte8(immediate.value());
  }

  /** Loads 8 bits, zero-extended. */
  public void movzx8(int destination, Memory source) {
    encode(NO_PREFIX, false, 0x0FB6, destination, source);
  }

  /** Loads 16 bits, zero-extended. */
  public void movzx16(int destination, Memory source) {
    encode(NO_PREFIX, false, 0x0FB7, destination, source);
  }

  /** Loads a 32-bit constant, zero-extended to 64 bits, without touching flags. */
  public void movImmediate32(int destination, int value) {
    rexForRegister(false, destination);
    byte8(0xB8 | (destination & 7));
    int32(value);
  }

  /** Loads a 64-bit constant in the shortest form that does not touch flags. */
  public void movImmediate64(int destination, long value) {
    if (value == (value & 0xFFFF_FFFFL)) {
      movImmediate32(destination, (int) value);
    } else if (value == (int) value) {
      encode(NO_PREFIX, true, 0xC7, 0, destination);
      int32((int) value);
    } else {
      rexForRegister(true, destination);
      byte8(0xB8 | (destination & 7));
      int64(value);
    }
  }

  /** Computes an address in 64 bits. The segment's base is not part of it. */
  public void lea64(int destination, Memory source) {
    encode(NO_PREFIX, true, 0x8D, destination, source);
  }

  /** Computes an address, truncated to 32 bits. */
  public void lea32(int destination, Memory source) {
    encode(NO_PREFIX, false, 0x8D, destination, source);
  }

  /** Loads the host address of a label: {@code lea destination, [rip + label]}. */
  public void lea64(int destination, Label label) {
    byte8(0x48 | (destination >> 3) << 2);
    byte8(0x8D);
    byte8((destination & 7) << 3 | 5);
    labelFixup(4, label);
  }

  /** Pushes 64 bits. */
  public void push(int register) {
    rexForRegister(false, register);
    byte8(0x50 | (register & 7));
  }

  /** Pushes 64 bits from memory. */
  public void push(Memory source) {
    encode(NO_PREFIX, false, 0xFF, 6, source);
  }

  /** Pushes an immediate, sign-extended to 64 bits. */
  public void push(Immediate immediate) {
    byte8(0x68);
    int32(immediate.value());
  }

  /** Pops 64 bits. */
  public void pop(int register) {
    rexForRegister(false, register);
    byte8(0x58 | (register & 7));
  }

  /** Pops 64 bits into memory. */
  public void pop(Memory destination) {
    encode(NO_PREFIX, false, 0x8F, 0, destination);
  }

  // ---- arithmetic

  /** A 64-bit operation between registers. */
  public void alu64(Alu operation, int destination, int source) {
    encode(NO_PREFIX, true, operation.opcode | 1, source, destination);
  }

  /** A 64-bit operation with a sign-extended immediate. */
  public void alu64(Alu operation, int destination, Immediate immediate) {
    int value = immediate.value();
    encode(NO_PREFIX, true, value == (byte) value ? 0x83 : 0x81, operation.extension, destination);
    shortImmediate(value);
  }

  /** A 64-bit operation with memory as source. */
  public void alu64(Alu operation, int destination, Memory source) {
    encode(NO_PREFIX, true, operation.opcode | 3, destination, source);
  }

  /** A 64-bit operation on memory. */
  public void alu64(Alu operation, Memory destination, int source) {
    encode(NO_PREFIX, true, operation.opcode | 1, source, destination);
  }

  /** A 64-bit operation on memory with a sign-extended immediate. */
  public void alu64(Alu operation, Memory destination, Immediate immediate) {
    int value = immediate.value();
    encode(NO_PREFIX, true, value == (byte) value ? 0x83 : 0x81, operation.extension, destination);
    shortImmediate(value);
  }

  /** A 32-bit operation between registers. */
  public void alu32(Alu operation, int destination, int source) {
    encode(NO_PREFIX, false, operation.opcode | 1, source, destination);
  }

  /** A 32-bit operation with an immediate. */
  public void alu32(Alu operation, int destination, Immediate immediate) {
    int value = immediate.value();
    encode(NO_PREFIX, false, value == (byte) value ? 0x83 : 0x81, operation.extension, destination);
    shortImmediate(value);
  }

  /** A 32-bit operation with memory as source. */
  public void alu32(Alu operation, int destination, Memory source) {
    encode(NO_PREFIX, false, operation.opcode | 3, destination, source);
  }

  /** A 32-bit operation on memory. */
  public void alu32(Alu operation, Memory destination, int source) {
    encode(NO_PREFIX, false, operation.opcode | 1, source, destination);
  }

  /** A 32-bit operation on memory with an immediate. */
  public void alu32(Alu operation, Memory destination, Immediate immediate) {
    int value = immediate.value();
    encode(NO_PREFIX, false, value == (byte) value ? 0x83 : 0x81, operation.extension, destination);
    shortImmediate(value);
  }

  /** An 8-bit operation on memory with an immediate. */
  public void alu8(Alu operation, Memory destination, Immediate immediate) {
    encode(NO_PREFIX, false, 0x80, operation.extension, destination);
    byte8(immediate.value());
  }

  /** Adds to {@code al}. */
  public void addAl(int value) {
    bytes(0x04, value);
  }

  /** Sets flags from the and of two 64-bit registers. */
  public void test64(int first, int second) {
    encode(NO_PREFIX, true, 0x85, second, first);
  }

  /** Sets flags from the and of two 32-bit registers. */
  public void test32(int first, int second) {
    encode(NO_PREFIX, false, 0x85, second, first);
  }

  /** Sets flags from the and of memory and an immediate. */
  public void test32(Memory first, Immediate immediate) {
    encode(NO_PREFIX, false, 0xF7, 0, first);
    int32(immediate.value());
  }

  /** Sets flags from the and of a register and an immediate. */
  public void test32(int first, Immediate immediate) {
    encode(NO_PREFIX, false, 0xF7, 0, first);
    int32(immediate.value());
  }

  /** Inverts 64 bits; flags stay. */
  public void not64(int register) {
    encode(NO_PREFIX, true, 0xF7, 2, register);
  }

  /** Adds one to 64 bits; the carry flag stays. */
  public void inc64(int register) {
    encode(NO_PREFIX, true, 0xFF, 0, register);
  }

  /** Shifts or rotates 64 bits by a constant. */
  public void shift64(Shift operation, int register, int count) {
    encode(NO_PREFIX, true, 0xC1, operation.extension, register);
    byte8(count);
  }

  /** Tests one bit of a 32-bit register; the result is the carry flag. */
  public void bt32(int register, int bit) {
    encode(NO_PREFIX, false, 0x0FBA, 4, register);
    byte8(bit);
  }

  // ---- atomic operations

  /** Emits the {@code lock} prefix for the next instruction. */
  public void lock() {
    byte8(0xF0);
  }

  /** Compares memory with eax and stores the source if they are equal, else loads eax. */
  public void cmpxchg32(Memory destination, int source) {
    encode(NO_PREFIX, false, 0x0FB1, source, destination);
  }

  /** Compares memory with rax and stores the source if they are equal, else loads rax. */
  public void cmpxchg64(Memory destination, int source) {
    encode(NO_PREFIX, true, 0x0FB1, source, destination);
  }

  /** Adds the register to memory and loads the register with memory's former value. */
  public void xadd32(Memory destination, int source) {
    encode(NO_PREFIX, false, 0x0FC1, source, destination);
  }

  /** Exchanges memory and register, atomically even without {@code lock}. */
  public void xchg32(Memory destination, int source) {
    encode(NO_PREFIX, false, 0x87, source, destination);
  }

  // ---- branches

  /** Jumps to a label. */
  public void jmp(Label target) {
    if (target.isBound() && target.offset() - (position() + 2) >= Byte.MIN_VALUE) {
      byte8(0xEB);
      labelFixup(1, target);
    } else {
      byte8(0xE9);
      labelFixup(4, target);
    }
  }

  /** Jumps to a host address within 2 GiB of the code. */
  public void jmp(long hostTarget) {
    byte8(0xE9);
    hostFixup(hostTarget);
  }

  /** Jumps to the address in memory. */
  public void jmp(Memory target) {
    encode(NO_PREFIX, false, 0xFF, 4, target);
  }

  /** Jumps to a label if the condition holds. */
  public void jcc(int condition, Label target) {
    if (target.isBound() && target.offset() - (position() + 2) >= Byte.MIN_VALUE) {
      jccShort(condition, target);
    } else {
      bytes(0x0F, 0x80 | condition);
      labelFixup(4, target);
    }
  }

  /** Jumps to a label that is at most 127 bytes away if the condition holds. */
  public void jccShort(int condition, Label target) {
    byte8(0x70 | condition);
    labelFixup(1, target);
  }

  /** Jumps to a host address within 2 GiB of the code if the condition holds. */
  public void jcc(int condition, long hostTarget) {
    bytes(0x0F, 0x80 | condition);
    hostFixup(hostTarget);
  }

  /** Calls the address in a register. */
  public void callRegister(int register) {
    encode(NO_PREFIX, false, 0xFF, 2, register);
  }

  /** Returns. */
  public void ret() {
    byte8(0xC3);
  }

  // ---- vectors and floating-point state

  /** Loads 32 bytes from an address of any alignment. */
  public void vmovdqu256(int destinationVector, Memory source) {
    encodeVex(0x6F, destinationVector, source);
  }

  /** Stores 32 bytes to an address of any alignment. */
  public void vmovdqu256(Memory destination, int sourceVector) {
    encodeVex(0x7F, sourceVector, destination);
  }

  /** Clears the upper halves of all vector registers. */
  public void vzeroupper() {
    bytes(0xC5, 0xF8, 0x77);
  }

  /** Clears the low 256 bits of vector registers 0 to 15. */
  public void vzeroall() {
    bytes(0xC5, 0xFC, 0x77);
  }

  /** Saves x87, MXCSR and the low halves of the vector registers. */
  public void fxsave64(Memory destination) {
    encode(NO_PREFIX, true, 0x0FAE, 0, destination);
  }

  /** Restores x87, MXCSR and the low halves of the vector registers. */
  public void fxrstor64(Memory source) {
    encode(NO_PREFIX, true, 0x0FAE, 1, source);
  }

  /** Restores the state components named by edx:eax. */
  public void xrstor64(Memory source) {
    encode(NO_PREFIX, true, 0x0FAE, 5, source);
  }

  /** Resets the x87 unit. */
  public void fninit() {
    bytes(0xDB, 0xE3);
  }

  /** Stores the x87 status word in ax. */
  public void fnstswAx() {
    bytes(0xDF, 0xE0);
  }

  /** Stores the x87 control word. */
  public void fnstcw(Memory destination) {
    encode(NO_PREFIX, false, 0xD9, 7, destination);
  }

  /** Stores the SSE control and status word. */
  public void stmxcsr(Memory destination) {
    encode(NO_PREFIX, false, 0x0FAE, 3, destination);
  }

  /** Loads the SSE control and status word. */
  public void ldmxcsr(Memory source) {
    encode(NO_PREFIX, false, 0x0FAE, 2, source);
  }

  // ---- segment bases, flags, strings, the rest

  /** Sets the GS base. */
  public void wrgsbase(int register) {
    encode(0xF3, true, 0x0FAE, 3, register);
  }

  /** Pushes the flags. */
  public void pushfq() {
    byte8(0x9C);
  }

  /** Loads SF, ZF, AF, PF and CF from ah. */
  public void sahf() {
    byte8(0x9E);
  }

  /** Makes string instructions go up. */
  public void cld() {
    byte8(0xFC);
  }

  /** Makes string instructions go down. */
  public void std() {
    byte8(0xFD);
  }

  /** Copies rcx bytes from [rsi] to [rdi]. */
  public void repMovsb() {
    bytes(0xF3, 0xA4);
  }

  /** Stores al rcx times at [rdi]. */
  public void repStosb() {
    bytes(0xF3, 0xAA);
  }

  /** Enters the kernel. */
  public void syscall() {
    bytes(0x0F, 0x05);
  }
}
