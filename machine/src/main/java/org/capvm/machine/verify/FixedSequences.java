package org.capvm.machine.verify;

import static org.capvm.machine.verify.Listing.ANY;

import java.util.Arrays;
import org.capvm.machine.isa.Encoding;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Instruction.SegmentOverride;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.isa.RegisterClass;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.Gpr;
import org.capvm.machine.layout.SlotLayout;

/**
 * The sequences of instructions that are safe only as a whole. Nothing may jump into one.
 *
 * <p>Each method takes the index of an instruction and returns how many instructions the sequence
 * that starts there has; 0 if none does. What {@link #other} has looked at, those it calls do not
 * look at again. Where an instruction can have only one sensible encoding, its bytes are compared.
 * The instructions whose operands can be anything have their memory operands checked by the caller,
 * as everywhere.
 *
 * <pre>
 *   stack pointer   mov r11, fs:[SLOT_BASE]    (these two in        string   mov r11, fs:[SLOT_BASE]
 *                   mov/lea esp, ...            either order)                mov edi, edi ; lea rdi, [rdi + r11]   (if it uses rdi)
 *                   lea rsp, [rsp + r11]                                     mov esi, esi ; lea rsi, [rsi + r11]   (if it uses rsi)
 *                                                                            the string instruction
 *   table jump      mov/lea r11d, ...                                        mov edi, edi                          (if it uses rdi)
 *                   not r11                                                  mov esi, esi                          (if it uses rsi)
 *                   push constant (optional)
 *                   jmp gs:[r11 * 8 - 2 GiB]                        state    mov r11d, 0 to 7
 *                                                                            pext eax, eax, r11d
 *   bit             mov Yd, 0 to 63                                          xor edx, edx  or  mov edx, 0
 *                   pext Y, x, Y                                             xsave, xsavec, xsaveopt or xrstor
 *                   bt/bts/btr/btc memory, Y
 * </pre>
 */
final class FixedSequences {
  private static final int[] ADD_R11_TO_RSP = {0x4a, 0x8d, 0x24, 0x1c};

  private static final int[] STRIP_RDI = {0x89, 0xff};
  private static final int[] STRIP_RSI = {0x89, 0xf6};
  private static final int[] ADD_R11_TO_RDI = {0x4a, 0x8d, 0x3c, 0x1f};
  private static final int[] ADD_R11_TO_RSI = {0x4a, 0x8d, 0x34, 0x1e};

  private static final int[] MOV_R11D_SMALL = {0x41, 0xbb, ANY, 0, 0, 0};
  private static final int[] PEXT_EAX_EAX_R11D = {0xc4, 0xc2, 0x7a, 0xf5, 0xc3};
  private static final int[] XOR_EDX_EDX = {0x31, 0xd2};
  private static final int[] MOV_EDX_0 = {0xba, 0, 0, 0, 0};

  /** x87, SSE and AVX: what gates save and clear. */
  private static final int STATE_COMPONENTS = 7;

  private static final int LARGEST_BIT_NUMBER = 63;

  private static final int[] NOT_R11 = {0x49, 0xf7, 0xd3};
  private static final int[] PUSH_IMM32 = {0x68, ANY, ANY, ANY, ANY};
  private static final int[] PUSH_IMM8 = {0x6a, ANY};
  private static final int[] JMP_TABLE =
      withInt(SlotLayout.BRANCH_TABLE_DISPLACEMENT, 0x65, 0x42, 0xff, 0x24, 0xdd);

  private final Listing listing;
  private final int[] loadSlotBase;

  /**
   * @param threadFields as in {@link TranslationUnit}
   */
  FixedSequences(Listing listing, int threadFields) {
    this.listing = listing;
    loadSlotBase = withInt(threadFields + ContextLayout.SLOT_BASE, 0x64, 0x4c, 0x8b, 0x1c, 0x25);
  }

  /** A pattern that ends with the bytes of {@code value}, lowest first. */
  private static int[] withInt(int value, int... start) {
    int[] pattern = Arrays.copyOf(start, start.length + 4);
    for (int i = 0; i < 4; i++) {
      pattern[start.length + i] = (value >> (8 * i)) & 0xff;
    }
    return pattern;
  }

  /** Any sequence but {@link #stackPointer}. */
  int other(int index) {
    if (listing.is(index + 1, NOT_R11)) {
      return tableJump(index);
    }
    if (listing.is(index, loadSlotBase)) {
      return string(index);
    }
    if (!isOneByteOpcode(listing.at(index), 0xb8, 0xf8)) {
      return 0;
    }
    int length = processorState(index);
    return length != 0 ? length : bitTest(index);
  }

  /** The sequence that gives {@code rsp} a new value inside the slot. */
  int stackPointer(int index) {
    if (!listing.is(index + 2, ADD_R11_TO_RSP)) {
      return 0;
    }
    int baseLoad = listing.is(index, loadSlotBase) ? index : index + 1;
    int pointerLoad = baseLoad == index ? index + 1 : index;
    boolean matches =
        listing.is(baseLoad, loadSlotBase) && zeroExtends(listing.at(pointerLoad), Gpr.RSP);
    return matches ? 3 : 0;
  }

  /** The sequence around an instruction that addresses memory with rdi, rsi or both. */
  private int string(int index) {
    int next = index + 1;
    int rebased = 0;
    if (listing.is(next, STRIP_RDI) && listing.is(next + 1, ADD_R11_TO_RDI)) {
      rebased |= Gpr.bit(Gpr.RDI);
      next += 2;
    }
    if (listing.is(next, STRIP_RSI) && listing.is(next + 1, ADD_R11_TO_RSI)) {
      rebased |= Gpr.bit(Gpr.RSI);
      next += 2;
    }
    if (rebased == 0 || next >= listing.count()) {
      return 0;
    }
    Instruction instruction = listing.at(next);
    boolean usesRebased =
        InstructionKind.of(instruction) == InstructionKind.STRING
            && implicitAddressRegisters(instruction) == rebased
            && instruction.addressSizeBytes() == 8
            && instruction.segmentOverride() == SegmentOverride.NONE;
    if (!usesRebased) {
      return 0;
    }
    next++;
    if ((rebased & Gpr.bit(Gpr.RDI)) != 0 && !listing.is(next++, STRIP_RDI)) {
      return 0;
    }
    if ((rebased & Gpr.bit(Gpr.RSI)) != 0 && !listing.is(next++, STRIP_RSI)) {
      return 0;
    }
    return next - index;
  }

  private static int implicitAddressRegisters(Instruction instruction) {
    int registers = 0;
    for (Operand operand : instruction.form().operands()) {
      if (operand.role() == Operand.Role.IMPLICIT_MEMORY) {
        registers |= Gpr.bit(operand.fixed());
      }
    }
    return registers;
  }

  /**
   * The sequence that saves or restores processor state; {@code pext} with a mask of low bits is
   * {@code and} without flags.
   */
  private int processorState(int index) {
    boolean matches =
        listing.is(index, MOV_R11D_SMALL)
            && listing.byteAt(index, 2) <= STATE_COMPONENTS
            && listing.is(index + 1, PEXT_EAX_EAX_R11D)
            && (listing.is(index + 2, XOR_EDX_EDX) || listing.is(index + 2, MOV_EDX_0))
            && index + 3 < listing.count()
            && InstructionKind.of(listing.at(index + 3)) == InstructionKind.PROCESSOR_STATE;
    return matches ? 4 : 0;
  }

  /**
   * The sequence that tests or changes a bit whose number comes from a register, reduced to the
   * operand it is in.
   */
  private int bitTest(int index) {
    if (index + 2 >= listing.count()) {
      return 0;
    }
    Instruction load = listing.at(index);
    Instruction extract = listing.at(index + 1);
    Instruction test = listing.at(index + 2);
    boolean loadsMask =
        load.operandSizeBytes() >= 4 && (load.immediate() & ~(long) LARGEST_BIT_NUMBER) == 0;
    if (!loadsMask || !extract.form().mnemonic().equals("PEXT") || extract.modrm() < 0xc0) {
      return 0;
    }
    int register = load.register(load.form().operands().getFirst());
    boolean matches =
        modrmReg(extract) == register
            && ((extract.modrm() & 7) | (extract.b() ? 8 : 0)) == register
            && InstructionKind.of(test) == InstructionKind.BIT_TEST
            && test.immediateSize() == 0
            && modrmReg(test) == register;
    return matches ? 3 : 0;
  }

  private static int modrmReg(Instruction instruction) {
    return ((instruction.modrm() >> 3) & 7) | (instruction.r() ? 8 : 0);
  }

  /**
   * The sequence that looks a guest pc up in the branch table, perhaps pushes a return address, and
   * jumps.
   */
  private int tableJump(int index) {
    if (!zeroExtends(listing.at(index), Gpr.R11)) {
      return 0;
    }
    int jump = index + (pushesConstant(index + 2) ? 3 : 2);
    return listing.is(jump, JMP_TABLE) ? jump + 1 - index : 0;
  }

  private boolean pushesConstant(int index) {
    return listing.is(index, PUSH_IMM32) || listing.is(index, PUSH_IMM8);
  }

  /**
   * Whether an instruction is a {@code mov} or {@code lea} that certainly clears the upper half of
   * {@code register}. Others that write 32 bits do not always: {@code bsf} of zero leaves the
   * register as it is.
   */
  private static boolean zeroExtends(Instruction instruction, int register) {
    boolean movesOrComputes =
        isOneByteOpcode(instruction, 0x89, 0xfd) // mov r/m32, r32 and mov r32, r/m32
            || isOneByteOpcode(instruction, 0x8d, 0xff) // lea
            || isOneByteOpcode(instruction, 0xb8, 0xf8) // mov r32, imm32
            || isOneByteOpcode(instruction, 0xc7, 0xff); // mov r/m32, imm32
    if (!movesOrComputes || instruction.operandSizeBytes() != 4) {
      return false;
    }
    Operand destination = instruction.form().operands().getFirst();
    return destination.registerClass() == RegisterClass.GPR
        && instruction.register(destination) == register;
  }

  private static boolean isOneByteOpcode(Instruction instruction, int opcode, int mask) {
    return instruction.encoding() == Encoding.LEGACY
        && instruction.opcodeMap() == 0
        && (instruction.opcode() & mask) == opcode;
  }
}
