package org.capvm.libos.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.machine.layout.Gpr;
import org.capvm.monitor.gate.Context;

/** A guest thread's registers while it is out of the guest, for its own use. */
public final class Registers {
  /**
   * Bytes of {@link #floatingPoint}: an XSAVE area with x87, SSE and AVX state in standard form.
   */
  public static final int FLOATING_POINT_BYTES = 832;

  private static final int HEADER = Context.FXSAVE_BYTES;
  private static final int UPPER_HALVES = HEADER + 64;
  private static final int GENERAL = 16;
  private static final int VECTORS = 16;
  private static final int XMM_BYTES = 16;
  private static final int LEGACY_MXCSR = 24;
  private static final int LEGACY_XMM = 160;
  private static final int X87_TAGS = 4;

  /** Control word 0x37f, status word 0. */
  private static final int X87_INITIAL = 0x37f;

  private static final long X87 = 1;
  private static final long SSE = 2;
  private static final long AVX = 4;

  /** AC and ID, which programs look at, but which must not be in force on the host. */
  private static final long KEPT_FLAGS = 0x24_0000;

  private final Context context;
  private long kept;

  /** A view of a context. */
  public Registers(Context context) {
    this.context = context;
  }

  /** A general register, by its encoding number. The stack pointer is a guest address. */
  public long get(int register) {
    return context.gpr(register);
  }

  /** Sets a general register; a stack pointer is cut to a guest address. */
  public void set(int register, long value) {
    context.setGpr(register, value);
  }

  /** Where the guest goes on. */
  public long pc() {
    return context.pc();
  }

  /** Sets where the guest goes on, cut to a guest address. */
  public void setPc(long guestAddress) {
    context.setPc(guestAddress);
  }

  /** The flags register. */
  public long flags() {
    return context.flags() | kept;
  }

  /** Sets those flags that a program may change. */
  public void setFlags(long flags) {
    kept = flags & KEPT_FLAGS;
    context.setFlags(flags & ~KEPT_FLAGS);
  }

  /** The base of the FS segment, the thread pointer. */
  public long fsBase() {
    return context.tlsBase();
  }

  /** Sets the base of the FS segment. */
  public void setFsBase(long guestAddress) {
    context.setTlsBase(guestAddress);
  }

  /** The base of the GS segment. */
  public long gsBase() {
    return context.gsBase();
  }

  /** Sets the base of the GS segment. */
  public void setGsBase(long guestAddress) {
    context.setGsBase(guestAddress);
  }

  /** What a new program starts with: everything zero but the two pointers. */
  public void reset(long pc, long stackPointer) {
    context.reset();
    kept = 0;
    context.setPc(pc);
    context.setGpr(Gpr.RSP, stackPointer);
  }

  /** Brings x87, SSE and AVX state to what a new program finds. */
  public void resetFloatingPoint() {
    context.resetFloatingPoint();
  }

  /** x87, SSE and AVX state as {@code xsave} would store it. */
  public byte[] floatingPoint() {
    byte[] area = new byte[FLOATING_POINT_BYTES];
    context.readFxsave(area, 0);
    byte[] vector = new byte[Context.VECTOR_BYTES];
    for (int i = 0; i < VECTORS; i++) {
      context.readVector(i, vector, 0);
      System.arraycopy(vector, XMM_BYTES, area, UPPER_HALVES + i * XMM_BYTES, XMM_BYTES);
    }
    ByteBuffer bytes = ByteBuffer.wrap(area).order(ByteOrder.LITTLE_ENDIAN);
    // As the processor: x87 state that was never touched is not there.
    boolean untouched = bytes.getInt(0) == X87_INITIAL && bytes.get(X87_TAGS) == 0;
    bytes.putLong(HEADER, untouched ? SSE | AVX : X87 | SSE | AVX);
    return area;
  }

  /** Loads state as {@code xrstor} would: what the header leaves out is reset. */
  public void setFloatingPoint(byte[] area) {
    ByteBuffer bytes = ByteBuffer.wrap(area).order(ByteOrder.LITTLE_ENDIAN);
    long present = bytes.getLong(HEADER);
    context.resetFloatingPoint();
    if ((present & X87) != 0) {
      context.writeFxsave(area, 0);
    }
    byte[] vector = new byte[Context.VECTOR_BYTES];
    for (int i = 0; i < VECTORS; i++) {
      if ((present & SSE) != 0) {
        System.arraycopy(area, LEGACY_XMM + i * XMM_BYTES, vector, 0, XMM_BYTES);
      }
      if ((present & AVX) != 0) {
        System.arraycopy(area, UPPER_HALVES + i * XMM_BYTES, vector, XMM_BYTES, XMM_BYTES);
      }
      context.writeVector(i, vector, 0);
    }
    if ((present & (SSE | AVX)) != 0) {
      context.setMxcsr(bytes.getInt(LEGACY_MXCSR));
    }
  }

  /**
   * All registers of a thread at one moment.
   *
   * @param floatingPoint as {@link #floatingPoint} gives it
   */
  @SuppressWarnings("ArrayRecordComponent") // taken and restored, never compared
  record Snapshot(
      long[] general, long pc, long flags, long fsBase, long gsBase, byte[] floatingPoint) {}

  /** What a new task starts from. */
  Snapshot snapshot() {
    long[] general = new long[GENERAL];
    for (int register = 0; register < GENERAL; register++) {
      general[register] = get(register);
    }
    return new Snapshot(general, pc(), flags(), fsBase(), gsBase(), floatingPoint());
  }

  /** Makes these registers those of a snapshot. */
  void restore(Snapshot snapshot) {
    for (int register = 0; register < GENERAL; register++) {
      set(register, snapshot.general()[register]);
    }
    setPc(snapshot.pc());
    setFlags(snapshot.flags());
    setFsBase(snapshot.fsBase());
    setGsBase(snapshot.gsBase());
    setFloatingPoint(snapshot.floatingPoint());
  }
}
