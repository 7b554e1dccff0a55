package org.capvm.monitor.gate;

import static org.capvm.machine.layout.ContextLayout.CALLEE;
import static org.capvm.machine.layout.ContextLayout.CAPABILITIES;
import static org.capvm.machine.layout.ContextLayout.FAULT_ADDRESS;
import static org.capvm.machine.layout.ContextLayout.FAULT_CODE;
import static org.capvm.machine.layout.ContextLayout.FAULT_ERROR;
import static org.capvm.machine.layout.ContextLayout.FAULT_RIP;
import static org.capvm.machine.layout.ContextLayout.FAULT_SIGNAL;
import static org.capvm.machine.layout.ContextLayout.FAULT_TRAP_NUMBER;
import static org.capvm.machine.layout.ContextLayout.FLAGS;
import static org.capvm.machine.layout.ContextLayout.GS_BASE;
import static org.capvm.machine.layout.ContextLayout.KICK_PENDING;
import static org.capvm.machine.layout.ContextLayout.MXCSR;
import static org.capvm.machine.layout.ContextLayout.PC;
import static org.capvm.machine.layout.ContextLayout.SLOT_BASE;
import static org.capvm.machine.layout.ContextLayout.TLS_BASE;
import static org.capvm.machine.layout.ContextLayout.TRAP_KIND;
import static org.capvm.machine.layout.ContextLayout.VECTOR;
import static org.capvm.machine.layout.ContextLayout.X87;
import static org.capvm.machine.layout.ContextLayout.X87_LIVE;
import static org.capvm.machine.layout.ContextLayout.X87_USED;

import java.util.Objects;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.SlotLayout;
import org.capvm.machine.layout.TrapKind;
import org.capvm.monitor.fault.FaultHandlers;

/**
 * A guest thread's registers and the record of its last fault, as typed views of its context block.
 *
 * <p>Whatever is set here is made harmless first: a guest cannot be given flags, control bits or
 * floating-point state that would fault or trap in the monitor's own code.
 *
 * <p>Threads: the guest thread's own, while it is not inside the guest. Closed with its {@link
 * GuestThread}; accesses after that throw.
 */
public final class Context {
  /** Bytes of one vector register. */
  public static final int VECTOR_BYTES = 32;

  /** Bytes of the x87 state in the format of {@code fxsave}. */
  public static final int FXSAVE_BYTES = 512;

  /** CF, PF, AF, ZF, SF, DF and OF: what a program may change. */
  private static final long PROGRAM_FLAGS = 0xCD5;

  /** IF and the bit that is always one. */
  private static final long FIXED_FLAGS = 0x202;

  /** Everything that {@code ldmxcsr} accepts. */
  private static final int MXCSR_BITS = 0xFFFF;

  private static final int DEFAULT_MXCSR = 0x1F80;

  /**
   * Of the {@code fxsave} image: MXCSR, its mask and the vector registers, which live elsewhere.
   */
  private static final int FXSAVE_MXCSR = 24;

  private static final int FXSAVE_XMM = 160;
  private static final int XMM_BYTES = 16;
  private static final int VECTORS = 16;

  private long address;

  Context(long address) {
    this.address = address;
    reset();
  }

  /** Host address of the block. */
  long address() {
    return address;
  }

  void close() {
    address = 0;
  }

  private long field(int offset) {
    if (address == 0) {
      throw new IllegalStateException("the guest thread is closed");
    }
    return address + offset;
  }

  /**
   * Sets all registers to what a new program finds: zero, but for the control words. The slot
   * stays.
   */
  public void reset() {
    RawMemory.clear(field(ContextLayout.GPR), PC);
    RawMemory.putLong(field(PC), 0);
    RawMemory.putLong(field(FLAGS), FIXED_FLAGS);
    setTlsBase(0);
    setGsBase(0);
    resetFloatingPoint();
  }

  /** Sets vector and x87 state to what a new program finds. */
  public void resetFloatingPoint() {
    RawMemory.putInt(field(MXCSR), DEFAULT_MXCSR);
    RawMemory.clear(field(VECTOR), (long) VECTORS * VECTOR_BYTES);
    RawMemory.clear(field(X87), FXSAVE_BYTES);
    RawMemory.putInt(field(X87), PassageCode.DEFAULT_X87_CONTROL);
    // Stays marked as used if it was: the registers hold the former program's values until loaded.
    forgetLiveX87();
  }

  /**
   * A general register.
   *
   * @param register 0 … 15 in encoding order; rsp (4) is the guest's stack pointer
   */
  public long gpr(int register) {
    return RawMemory.getLong(field(gprOffset(register)));
  }

  /** Sets a general register; of rsp only the low 32 bits count. */
  public void setGpr(int register, long value) {
    long stored = register == 4 ? value & 0xFFFF_FFFFL : value;
    RawMemory.putLong(field(gprOffset(register)), stored);
  }

  private static int gprOffset(int register) {
    return ContextLayout.gpr(Objects.checkIndex(register, 16));
  }

  /** The guest pc. */
  public long pc() {
    return Integer.toUnsignedLong(RawMemory.getInt(field(PC)));
  }

  /** Sets where the guest goes on. */
  public void setPc(long guestPc) {
    RawMemory.putLong(field(PC), guestPc & 0xFFFF_FFFFL);
  }

  /** RFLAGS as the guest would push them. */
  public long flags() {
    return (RawMemory.getLong(field(FLAGS)) & PROGRAM_FLAGS) | FIXED_FLAGS;
  }

  /** Sets the flags that a program may change. */
  public void setFlags(long flags) {
    RawMemory.putLong(field(FLAGS), (flags & PROGRAM_FLAGS) | FIXED_FLAGS);
  }

  /** The guest's FS base: its thread pointer. */
  public long tlsBase() {
    return RawMemory.getLong(field(TLS_BASE));
  }

  /** Sets the guest's FS base. */
  public void setTlsBase(long guestAddress) {
    RawMemory.putLong(field(TLS_BASE), guestAddress);
  }

  /** The guest's GS base. */
  public long gsBase() {
    return RawMemory.getLong(field(GS_BASE));
  }

  /** Sets the guest's GS base. */
  public void setGsBase(long guestAddress) {
    RawMemory.putLong(field(GS_BASE), guestAddress);
  }

  long slotBase() {
    return RawMemory.getLong(field(SLOT_BASE));
  }

  void setSlotBase(long hostBase) {
    RawMemory.putLong(field(SLOT_BASE), hostBase);
  }

  // ---- vector and floating-point state

  /** Copies a vector register's {@link #VECTOR_BYTES} bytes out. */
  public void readVector(int vector, byte[] destination, int offset) {
    RawMemory.read(field(vectorOffset(vector)), destination, offset, VECTOR_BYTES);
  }

  /** Sets a vector register. */
  public void writeVector(int vector, byte[] source, int offset) {
    RawMemory.write(field(vectorOffset(vector)), source, offset, VECTOR_BYTES);
  }

  private static int vectorOffset(int vector) {
    return VECTOR + Objects.checkIndex(vector, VECTORS) * VECTOR_BYTES;
  }

  /** The SSE control and status word. */
  public int mxcsr() {
    return RawMemory.getInt(field(MXCSR));
  }

  /** Sets the SSE control and status word; reserved bits are dropped. */
  public void setMxcsr(int value) {
    RawMemory.putInt(field(MXCSR), value & MXCSR_BITS);
  }

  /** Whether the guest has run an x87 or MMX instruction. */
  boolean usesX87() {
    return RawMemory.getByte(field(X87_USED)) != 0;
  }

  /** The x87 registers may hold something else by now: the next entry loads them. */
  void forgetLiveX87() {
    RawMemory.putByte(field(X87_LIVE), (byte) 0);
  }

  /** Copies x87, MXCSR and xmm state out, in the format of {@code fxsave64}. */
  public void readFxsave(byte[] destination, int offset) {
    RawMemory.read(field(X87), destination, offset, FXSAVE_BYTES);
    putInt(destination, offset + FXSAVE_MXCSR, mxcsr());
    putInt(destination, offset + FXSAVE_MXCSR + 4, MXCSR_BITS);
    for (int i = 0; i < VECTORS; i++) {
      RawMemory.read(
          field(vectorOffset(i)), destination, offset + FXSAVE_XMM + i * XMM_BYTES, XMM_BYTES);
    }
  }

  /** Sets x87, MXCSR and xmm state from the format of {@code fxsave64}; upper halves stay. */
  public void writeFxsave(byte[] source, int offset) {
    RawMemory.write(field(X87), source, offset, FXSAVE_MXCSR);
    RawMemory.write(
        field(X87 + FXSAVE_MXCSR + 8),
        source,
        offset + FXSAVE_MXCSR + 8,
        FXSAVE_XMM - FXSAVE_MXCSR - 8);
    setMxcsr(getInt(source, offset + FXSAVE_MXCSR));
    for (int i = 0; i < VECTORS; i++) {
      RawMemory.write(
          field(vectorOffset(i)), source, offset + FXSAVE_XMM + i * XMM_BYTES, XMM_BYTES);
    }
    RawMemory.putByte(field(X87_USED), (byte) 1);
    forgetLiveX87();
  }

  /**
   * Makes this context that of an interrupted guest: registers, scratch words, and what is known of
   * its last exit.
   */
  void copyStateFrom(long block) {
    copyBytes(block, ContextLayout.GPR, KICK_PENDING);
    copyBytes(block, FAULT_RIP, CAPABILITIES);
    copyBytes(block, CALLEE, CALLEE + Long.BYTES);
    copyBytes(block, VECTOR, ContextLayout.BYTES);
    forgetLiveX87();
  }

  private void copyBytes(long block, int from, int to) {
    byte[] bytes = new byte[to - from];
    RawMemory.read(block + from, bytes, 0, bytes.length);
    RawMemory.write(field(from), bytes, 0, bytes.length);
  }

  private static int getInt(byte[] bytes, int at) {
    return (bytes[at] & 0xFF)
        | (bytes[at + 1] & 0xFF) << 8
        | (bytes[at + 2] & 0xFF) << 16
        | (bytes[at + 3] & 0xFF) << 24;
  }

  private static void putInt(byte[] bytes, int at, int value) {
    bytes[at] = (byte) value;
    bytes[at + 1] = (byte) (value >> 8);
    bytes[at + 2] = (byte) (value >> 16);
    bytes[at + 3] = (byte) (value >> 24);
  }

  // ---- what the last exit was about

  /** Which trap the translation raised, after an exit with reason TRAP. */
  public TrapKind trapKind() {
    return TrapKind.ofCode(RawMemory.getInt(field(TRAP_KIND)));
  }

  void setTrapKind(TrapKind kind) {
    RawMemory.putInt(field(TRAP_KIND), kind.code());
  }

  /** The signal of the last fault, with Linux's number. */
  public int faultSignal() {
    return RawMemory.getInt(field(FAULT_SIGNAL));
  }

  /** The {@code si_code} of the last fault. */
  public int faultCode() {
    return RawMemory.getInt(field(FAULT_CODE));
  }

  /**
   * The guest address of the last fault: what it accessed, or for faults about the instruction
   * itself the pc. 0 where the processor names no address.
   */
  public long faultGuestAddress() {
    long hostAddress = RawMemory.getLong(field(FAULT_ADDRESS));
    long base = slotBase();
    if (hostAddress >= base - SlotLayout.LOWER_GUARD_BYTES
        && hostAddress < base + SlotLayout.GUEST_BYTES + SlotLayout.UPPER_GUARD_BYTES) {
      return (hostAddress - base) & 0xFFFF_FFFFL;
    }
    return namesInstruction() ? pc() : 0;
  }

  /** Whether the address of the fault is the instruction's: SIGILL, SIGTRAP and SIGFPE say so. */
  private boolean namesInstruction() {
    int signal = faultSignal();
    return signal == FaultHandlers.SIGILL
        || signal == FaultHandlers.SIGTRAP
        || signal == FaultHandlers.SIGFPE;
  }

  /** The processor's trap number of the last fault. */
  public long faultTrapNumber() {
    return RawMemory.getLong(field(FAULT_TRAP_NUMBER));
  }

  /** The processor's error code of the last fault. */
  public long faultError() {
    return RawMemory.getLong(field(FAULT_ERROR));
  }
}
