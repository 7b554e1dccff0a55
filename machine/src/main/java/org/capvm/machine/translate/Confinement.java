package org.capvm.machine.translate;

import static org.capvm.machine.layout.SlotLayout.MAX_STACK_DISPLACEMENT;
import static org.capvm.machine.layout.SlotLayout.MAX_STACK_STEP;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.isa.Operand;
import org.capvm.machine.isa.RegisterClass;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.Gpr;

/**
 * Confines any instruction that touches memory only through its explicit operand and goes on in
 * line, whatever registers it names.
 *
 * <p>Most need two prefixes and nothing else. The rest are those that name r11, which lives in the
 * context; those that name rsp as an operand, which holds a host address; and those that use the
 * guest's FS or GS, whose bases are context fields. Each of the three wants r11; where two meet,
 * another register is borrowed.
 */
final class Confinement {
  private static final Set<String> BIT_TESTS = Set.of("BT", "BTS", "BTR", "BTC");

  private final Emitter emit;

  Confinement(Emitter emit) {
    this.emit = emit;
  }

  /**
   * Emits a confined instruction.
   *
   * @param instruction decoded from {@code code} at {@code at}
   * @param nextPc guest pc of the instruction that follows
   */
  void confine(Instruction instruction, byte[] code, int at, long nextPc) {
    int registers = instruction.readsGpr() | instruction.writesGpr();
    boolean namesR11 = (registers & Gpr.bit(Gpr.R11)) != 0;
    boolean accesses = accessesMemory(instruction);
    boolean computesFromRsp = instruction.hasMemory() && !accesses && instruction.base() == Gpr.RSP;
    boolean namesRsp = computesFromRsp || isOperand(instruction, Gpr.RSP);
    boolean segment = accesses && instruction.segmentOverride() != Instruction.SegmentOverride.NONE;
    boolean plainAddress =
        !instruction.hasMemory()
            || (instruction.base() != Gpr.RIP && instruction.base() != Gpr.RSP);
    if (namesR11 || namesRsp || segment) {
      Address address = instruction.hasMemory() ? Address.of(instruction, nextPc) : null;
      borrowing(instruction, code, at, address, namesR11, namesRsp, segment);
      return;
    }
    boolean guestR11 = emit.holdsGuestR11();
    if (plainAddress && accesses == instruction.hasMemory()) {
      emit.encoder().copyConfined(instruction, code, at);
    } else {
      Address address = instruction.hasMemory() ? Address.of(instruction, nextPc) : null;
      encode(instruction, code, at, Encoder.AS_THEY_ARE, address, accesses);
    }
    if (guestR11) {
      emit.keepsGuestR11();
    }
  }

  private static boolean reads(Instruction instruction, int register) {
    return (instruction.readsGpr() & Gpr.bit(register)) != 0;
  }

  /**
   * Whether the explicit memory operand is accessed at all; {@code lea} only computes its address.
   */
  private static boolean accessesMemory(Instruction instruction) {
    return instruction.hasMemory() && !instruction.form().mnemonic().equals("LEA");
  }

  private void borrowing(
      Instruction instruction,
      byte[] code,
      int at,
      Address original,
      boolean namesR11,
      boolean namesRsp,
      boolean segment) {
    boolean accesses = accessesMemory(instruction);
    boolean vsib = instruction.isVsib();
    int used = instruction.readsGpr() | instruction.writesGpr();
    boolean highByte = instruction.usesHighByteRegister();

    boolean writesRsp = namesRsp && writesOperand(instruction, Gpr.RSP);
    if (writesRsp) {
      emit.touchStack();
    }

    // r11 itself serves one purpose: rsp as an operand, else the segment's base, else guest r11;
    // beside ah and its like none, since it needs a REX prefix.
    List<Integer> borrowed = new ArrayList<>(2);
    int segmentBase =
        !segment ? Gpr.NONE : namesRsp || highByte ? spare(used, highByte, borrowed) : Gpr.R11;
    int guestR11 =
        !namesR11
            ? Gpr.NONE
            : namesRsp || segmentBase == Gpr.R11 ? spare(used, highByte, borrowed) : Gpr.R11;
    int guestRsp = !namesRsp ? Gpr.NONE : highByte ? spare(used, highByte, borrowed) : Gpr.R11;
    if (!borrowed.isEmpty()) {
      emit.spill(List.copyOf(borrowed));
    }

    Address address = original;
    if (namesR11) {
      if (reads(instruction, Gpr.R11)) {
        if (guestR11 == Gpr.R11) {
          emit.loadGuestR11();
        } else {
          emit.loadContext(guestR11, ContextLayout.R11);
        }
      }
      address = address == null ? null : address.replacing(Gpr.R11, guestR11, vsib);
    }
    if (segment) {
      address = inSegment(instruction, address, segmentBase);
    }
    int[] registers = Encoder.AS_THEY_ARE.clone();
    if (namesR11) {
      registers[Gpr.R11] = guestR11;
    }
    if (namesRsp) {
      // Another register stands in for rsp: the guest sees its own stack pointer, without B.
      if (reads(instruction, Gpr.RSP)) {
        emit.move32(guestRsp, Gpr.RSP);
      }
      registers[Gpr.RSP] = guestRsp;
      if (!accesses && address != null) {
        address = address.replacing(Gpr.RSP, guestRsp, vsib);
      }
    }
    encode(instruction, code, at, registers, address, accesses);

    boolean writesR11 = namesR11 && (instruction.writesGpr() & Gpr.bit(Gpr.R11)) != 0;
    if (writesR11 || writesRsp || !borrowed.isEmpty()) {
      emit.commit();
    }
    if (writesR11) {
      emit.storeContext(ContextLayout.R11, guestR11);
    }
    if (writesRsp) {
      emit.setStackPointer(guestRsp);
    }
    emit.restore(borrowed);
    if (guestR11 == Gpr.R11) {
      emit.keepsGuestR11();
    }
  }

  /**
   * Puts the guest address of the memory operand, truncated to 32 bits, into a register. Clobbers
   * r11 if the operand names r11 or a segment.
   *
   * @param target may be r11
   */
  void loadAddress(int target, Instruction instruction, long nextPc) {
    Address address = Address.of(instruction, nextPc);
    if (address.base() == Gpr.R11 || address.index() == Gpr.R11) {
      emit.loadContext(Gpr.R11, ContextLayout.R11);
    }
    if (instruction.segmentOverride() == Instruction.SegmentOverride.NONE) {
      emit.loadAddress32(target, address);
      return;
    }
    emit.loadAddress32(Gpr.R11, address);
    List<Integer> borrowed = new ArrayList<>(1);
    int base = spare(instruction.readsGpr() | Gpr.bit(target), false, borrowed);
    emit.storeContext(ContextLayout.SPILL + 8 * (ContextLayout.SPILL_WORDS - 1), base);
    emit.loadContext(base, segmentField(instruction));
    emit.loadAddress32(target, new Address(Gpr.R11, base, 0, 0));
    emit.loadContext(base, ContextLayout.SPILL + 8 * (ContextLayout.SPILL_WORDS - 1));
  }

  /**
   * Loads the low half of the memory operand into a register: {@code mov target32, [operand]}.
   * Clobbers r11.
   *
   * @param target may be r11
   */
  void load32(int target, Instruction instruction, long nextPc) {
    Address address = Address.of(instruction, nextPc);
    boolean segment = instruction.segmentOverride() != Instruction.SegmentOverride.NONE;
    if (!segment
        && address.isStackSlot(MAX_STACK_DISPLACEMENT)
        && instruction.addressSizeBytes() == 8) {
      emit.load32(target, address, Encoder.Space.AS_IS);
    } else if (segment) {
      loadAddress(target, instruction, nextPc);
      emit.load32(target, Address.at(target, 0), Encoder.Space.GUEST);
    } else {
      if (address.base() == Gpr.R11 || address.index() == Gpr.R11) {
        emit.loadContext(Gpr.R11, ContextLayout.R11);
      }
      emit.load32(target, address, Encoder.Space.GUEST);
    }
  }

  /**
   * The address with the segment's base added, which {@code scratch} holds afterwards, perhaps with
   * the address's own base.
   */
  private Address inSegment(Instruction instruction, Address address, int scratch) {
    emit.loadContext(scratch, segmentField(instruction));
    if (address.base() == Gpr.NONE) {
      return new Address(scratch, address.index(), address.scaleLog2(), address.displacement());
    }
    if (address.base() == Gpr.RSP) {
      // lea scratch32, [rsp + scratch]: rsp cannot be an index; truncation drops B.
      emit.loadAddress32(scratch, new Address(Gpr.RSP, scratch, 0, 0));
    } else {
      emit.loadAddress64(scratch, new Address(scratch, address.base(), 0, 0));
    }
    return new Address(scratch, address.index(), address.scaleLog2(), address.displacement());
  }

  private static int segmentField(Instruction instruction) {
    return instruction.segmentOverride() == Instruction.SegmentOverride.FS
        ? ContextLayout.TLS_BASE
        : ContextLayout.GS_BASE;
  }

  private void encode(
      Instruction instruction,
      byte[] code,
      int at,
      int[] registers,
      Address address,
      boolean accesses) {
    if (!accesses) {
      emit.encoder().encode(instruction, code, at, registers, address, Encoder.Space.AS_IS);
    } else if (address.isStackSlot(MAX_STACK_DISPLACEMENT) && instruction.addressSizeBytes() == 8) {
      emit.encoder().encode(instruction, code, at, registers, address, Encoder.Space.AS_IS);
      if (address.isStackSlot(MAX_STACK_STEP)
          && instruction.memoryBytes() > 0
          && isPlain(instruction)) {
        emit.stackTouched();
      }
    } else {
      emit.encoder().encode(instruction, code, at, registers, address, Encoder.Space.GUEST);
    }
  }

  /**
   * Whether the instruction accesses its memory operand, and nothing else, whatever the values of
   * its other operands are. Bit numbers and masks decide where {@code bt} and {@code vmaskmov} do.
   */
  private static boolean isPlain(Instruction instruction) {
    String mnemonic = instruction.form().mnemonic();
    return (instruction.readsMemory() || instruction.writesMemory())
        && !mnemonic.contains("MASKMOV")
        && !BIT_TESTS.contains(mnemonic);
  }

  /**
   * A register that the instruction does not name, neither rsp nor r11. With ah and its like there
   * can be no REX prefix, so it has to be one of the first eight.
   */
  static int spare(int used, boolean highByte, List<Integer> borrowed) {
    int taken = used | Gpr.bit(Gpr.RSP) | Gpr.bit(Gpr.R11);
    for (int candidate = highByte ? 7 : 15; candidate >= 0; candidate--) {
      if ((taken & Gpr.bit(candidate)) == 0 && !borrowed.contains(candidate)) {
        borrowed.add(candidate);
        return candidate;
      }
    }
    throw new IllegalStateException("an instruction that names every register");
  }

  static boolean isOperand(Instruction instruction, int register) {
    for (Operand operand : instruction.form().operands()) {
      if (isRegister(instruction, operand, register)) {
        return true;
      }
    }
    return false;
  }

  static boolean writesOperand(Instruction instruction, int register) {
    for (Operand operand : instruction.form().operands()) {
      if (operand.access().writes() && isRegister(instruction, operand, register)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether an operand is a general register and which one; ah and its like are no register by
   * themselves.
   */
  static boolean isRegister(Instruction instruction, Operand operand, int register) {
    return operand.registerClass() == RegisterClass.GPR
        && instruction.register(operand) == register
        && !instruction.isHighByte(operand);
  }
}
