package org.capvm.machine.translate;

import static org.capvm.machine.layout.SlotLayout.BRANCH_TABLE_DISPLACEMENT;

import java.util.List;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.Gpr;
import org.capvm.machine.layout.TrapKind;

/**
 * The fixed sequences that confined code is made of. None of them changes flags.
 *
 * <p>The invariants that the comments name:
 *
 * <ol>
 *   <li>rsp holds B + guest sp and never leaves the slot by more than the guards;
 *   <li>every memory operand is in guest space, on the stack, or a context field;
 *   <li>no segment base is written, the kernel is not entered, nothing is privileged;
 *   <li>control leaves by direct branches inside the code cache, the branch table, or gates;
 *   <li>r11 is scratch; guest r11 lives in the context.
 * </ol>
 *
 * <p>Not thread-safe.
 */
final class Emitter {
  private static final int FS = 0x64;
  private static final int GS = 0x65;
  private static final int LOAD = 0x8b;
  private static final int STORE = 0x89;

  private final int threadFields;
  private final CodeBuffer out = new CodeBuffer();
  private final MapBuilder map = new MapBuilder();
  private final Encoder encoder = new Encoder(out);
  private final IntList gateSites = new IntList();
  private final IntList gateKinds = new IntList();

  private int guestPc;
  private boolean stackUntouched;
  private boolean x87Marked;

  /** Where the last code ended after which r11 holds what guest r11's home holds; or -1. */
  private int guestR11Until = -1;

  /**
   * @param threadFields as {@link Translator#Translator} says
   */
  Emitter(int threadFields) {
    this.threadFields = threadFields;
  }

  CodeBuffer out() {
    return out;
  }

  Encoder encoder() {
    return encoder;
  }

  int position() {
    return out.position();
  }

  InstructionMap map() {
    return map.build();
  }

  Translation.GateSites gateSites() {
    return new Translation.GateSites(gateSites.toArray(), gateKinds.toArray());
  }

  // What the guest is doing

  /**
   * What is emitted next belongs to the instruction at {@code pc}, and leaves the guest's state as
   * it was until {@link #commit}.
   */
  void begin(long pc) {
    guestPc = (int) pc;
    map.mark(out.position(), guestPc, InstructionMap.RESTARTABLE);
  }

  /** What is emitted next comes after part of the instruction's effect. */
  void commit() {
    map.mark(out.position(), guestPc, InstructionMap.COMMITTED);
  }

  /** While what is emitted next runs, registers differ from the guest's as the fix-up says. */
  void borrow(RegisterFixup fixup) {
    map.mark(out.position(), guestPc, map.stateOf(fixup));
  }

  // Stack discipline

  /**
   * rsp was moved by at most {@link org.capvm.machine.layout.SlotLayout#MAX_STACK_STEP} and nothing
   * has touched the stack since.
   */
  void stackMoved() {
    stackUntouched = true;
  }

  /**
   * The emitted code has just accessed memory within {@link
   * org.capvm.machine.layout.SlotLayout#MAX_STACK_STEP} of rsp.
   */
  void stackTouched() {
    stackUntouched = false;
  }

  /**
   * Invariant 1: before rsp moves again, or control goes elsewhere, an access at rsp faults if it
   * has left the slot. {@code mov r11, [rsp]}.
   */
  void touchStack() {
    if (stackUntouched) {
      encoder.memory(LOAD, true, Gpr.R11, Address.at(Gpr.RSP, 0), Encoder.Space.AS_IS);
      stackUntouched = false;
    }
  }

  /**
   * Invariant 1: {@code mov esp, register32; mov r11, fs:[B]; lea rsp, [rsp + r11]}: whatever the
   * register holds, rsp points into the slot. An earlier move of rsp must have been touched.
   */
  void setStackPointer(int register) {
    move32(Gpr.RSP, register);
    rebaseStackPointer();
  }

  /**
   * Invariant 1: turns the guest sp in esp into a host address. The instruction before must have
   * written esp, and so cleared the upper half of rsp.
   */
  void rebaseStackPointer() {
    commit();
    loadContext(Gpr.R11, ContextLayout.SLOT_BASE);
    out.put(0x4a, 0x8d, 0x24, 0x1c);
    stackUntouched = false;
  }

  /**
   * Invariant 1: {@code lea rsp, [rsp + bytes]}, for at most {@link
   * org.capvm.machine.layout.SlotLayout#MAX_STACK_STEP}. An earlier move of rsp must have been
   * touched.
   */
  void moveStackPointer(int bytes) {
    loadAddress64(Gpr.RSP, Address.at(Gpr.RSP, bytes));
    stackMoved();
  }

  // Guest r11

  /** Whether r11 holds the same as guest r11's home, here. */
  boolean holdsGuestR11() {
    return guestR11Until == out.position();
  }

  /**
   * What was emitted last leaves r11 as it is in guest r11's home. Whatever is emitted next and
   * does not say so again is taken to clobber r11.
   */
  void keepsGuestR11() {
    guestR11Until = out.position();
  }

  /** {@code mov r11, fs:[home]}, unless r11 has it: invariant 5. */
  void loadGuestR11() {
    if (!holdsGuestR11()) {
      loadContext(Gpr.R11, ContextLayout.R11);
    }
  }

  // Moves

  /** {@code mov register, fs:[field]}: invariant 2, a context field. */
  void loadContext(int register, int field) {
    context(LOAD, register, field);
  }

  /** {@code mov fs:[field], register}: invariant 2, a context field. */
  void storeContext(int field, int register) {
    context(STORE, register, field);
  }

  private void context(int opcode, int register, int field) {
    out.put(FS);
    encoder.memory(
        opcode, true, register, Address.absolute(threadFields + field), Encoder.Space.AS_IS);
  }

  /** {@code mov dword fs:[field], value}. */
  void storeContextConstant(int field, int value) {
    out.put(FS, 0xc7, 0x04, 0x25);
    out.putInt(threadFields + field);
    out.putInt(value);
  }

  /** {@code mov to32, from32}: clears the upper half of {@code to}. */
  void move32(int to, int from) {
    int rex = (from >= 8 ? 4 : 0) | (to >= 8 ? 1 : 0);
    if (rex != 0) {
      out.put(0x40 | rex);
    }
    out.put(STORE, 0xc0 | ((from & 7) << 3) | (to & 7));
  }

  /** {@code mov register32, value}. */
  void moveConstant(int register, int value) {
    if (register >= 8) {
      out.put(0x41);
    }
    out.put(0xb8 | (register & 7));
    out.putInt(value);
  }

  /** {@code lea to32, address}: nothing is accessed, and no host address gets into the register. */
  void loadAddress32(int to, Address address) {
    encoder.memory(0x8d, false, to, address, Encoder.Space.AS_IS);
  }

  /** {@code lea to, address}, all 64 bits. */
  void loadAddress64(int to, Address address) {
    encoder.memory(0x8d, true, to, address, Encoder.Space.AS_IS);
  }

  /** {@code mov to32, [address]}. */
  void load32(int to, Address address, Encoder.Space space) {
    encoder.memory(LOAD, false, to, address, space);
  }

  void pop(int register) {
    if (register >= 8) {
      out.put(0x41);
    }
    out.put(0x58 | (register & 7));
    stackUntouched = false;
  }

  /** Pushes a guest pc as the 64-bit value that the guest would find, and commits. */
  void pushPc(long pc) {
    out.put(0x68);
    out.putInt((int) pc);
    stackUntouched = false;
    commit();
    if ((int) pc < 0) {
      // push sign-extends: mov dword [rsp + 4], 0.
      out.put(0xc7, 0x44, 0x24, 0x04);
      out.putInt(0);
    }
  }

  // Control

  /**
   * Invariant 4: goes to the guest pc in r11d through the branch table: {@code not r11; jmp gs:[r11
   * * 8 - 2 GiB]}. The instruction before must have written r11d, and so cleared the upper half:
   * the index is then between -2^32 and -1, which is the table.
   */
  void jumpThroughTable() {
    complementR11();
    tableJump();
  }

  /** The same for a call: {@code not r11; push pc; jmp gs:[r11 * 8 - 2 GiB]}. */
  void callThroughTable(long returnPc) {
    if ((int) returnPc < 0) {
      pushPc(returnPc);
      move32(Gpr.R11, Gpr.R11);
      complementR11();
    } else {
      complementR11();
      pushPc(returnPc);
    }
    tableJump();
  }

  private void complementR11() {
    out.put(0x49, 0xf7, 0xd3);
  }

  private void tableJump() {
    out.put(GS);
    Address entry = new Address(Gpr.NONE, Gpr.R11, 3, BRANCH_TABLE_DISPLACEMENT);
    encoder.memory(0xff, false, 4, entry, Encoder.Space.AS_IS);
  }

  /** Invariant 4: leaves the guest through a gate, at a pc. */
  void exit(Translation.GateKind gate, long pc) {
    storeContextConstant(ContextLayout.PC, (int) pc);
    out.put(0xe9);
    gateSites.add(out.position());
    gateKinds.add(gate.ordinal());
    out.putInt(0);
  }

  /** Leaves the guest with a trap in place of an instruction that may not run: invariant 3. */
  void trap(TrapKind kind, long pc) {
    touchStack();
    storeContextConstant(ContextLayout.TRAP_KIND, kind.code());
    exit(Translation.GateKind.TRAP, pc);
  }

  // Borrowed registers

  /**
   * Saves general registers in the context's scratch words. Until {@link #restore}, a fault must
   * put them back.
   */
  void spill(List<Integer> registers) {
    for (int i = 0; i < registers.size(); i++) {
      storeContext(ContextLayout.SPILL + 8 * i, registers.get(i));
    }
    borrow(new RegisterFixup(0, registers));
  }

  /** Puts spilled registers back. */
  void restore(List<Integer> registers) {
    for (int i = 0; i < registers.size(); i++) {
      loadContext(registers.get(i), ContextLayout.SPILL + 8 * i);
    }
  }

  /**
   * {@code mov edi, edi; lea rdi, [rdi + r11]}: a host address in the slot, for an instruction
   * whose memory operand is implied. r11 holds B.
   */
  void rebase(int register) {
    move32(register, register);
    loadAddress64(register, new Address(register, Gpr.R11, 0, 0));
  }

  // x87

  /** Whether control could as well arrive here from elsewhere as from the code before. */
  boolean takesNothingForGranted() {
    return !stackUntouched && !x87Marked && !holdsGuestR11();
  }

  /** Control may arrive here from elsewhere, after an exit that the code before did not see. */
  void blockStarts() {
    x87Marked = false;
    guestR11Until = -1;
  }

  /**
   * {@code mov byte fs:[x87 used], 1}: from now on gates keep the thread's x87 state apart from the
   * host's.
   */
  void markX87() {
    if (!x87Marked) {
      out.put(FS, 0xc6, 0x04, 0x25);
      out.putInt(threadFields + ContextLayout.X87_USED);
      out.put(1);
      x87Marked = true;
    }
  }
}
