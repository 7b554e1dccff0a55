package org.capvm.monitor.memory;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Label;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.host.NativeCall;
import org.capvm.monitor.fault.Fixup;

/**
 * Machine code that touches guest memory on Java's behalf and survives it when the memory is not
 * there.
 *
 * <p>Each routine is a leaf of a few instructions that uses no stack, so that the fault handler may
 * resume it at a {@link Fixup} target whatever instruction faulted. Calls are {@code critical}: no
 * routine blocks, and {@link #copy} is bounded by its caller.
 *
 * <p>Threads: any. Addresses are host addresses; the range check is {@link GuestMemory}'s.
 */
public final class FaultSafeAccess {
  /**
   * What loads of up to 32 bits, stores and read-modify-writes return when the memory is not there.
   */
  public static final long FAULT = -1;

  /**
   * What {@link #load64} returns when the memory is not there. Memory may hold the same value;
   * whoever sees it asks again in halves.
   */
  static final long FAULT_64 = 0x8BAD_ACCE_55FA_0175L;

  private static final Linker.Option LEAF = Linker.Option.critical(false);
  private static final MethodHandle COPY =
      NativeCall.ofCode(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG), LEAF);
  private static final MethodHandle COPY_TO_HEAP =
      NativeCall.ofCode(
          FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG),
          Linker.Option.critical(true));
  private static final MethodHandle COPY_FROM_HEAP =
      NativeCall.ofCode(
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG),
          Linker.Option.critical(true));
  private static final MethodHandle LOAD =
      NativeCall.ofCode(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG), LEAF);
  private static final MethodHandle STORE =
      NativeCall.ofCode(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG), LEAF);
  private static final MethodHandle EXCHANGE =
      NativeCall.ofCode(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT), LEAF);
  private static final MethodHandle COMPARE =
      NativeCall.ofCode(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG), LEAF);

  private final MemorySegment copy;
  private final MemorySegment fill;
  private final MemorySegment load8;
  private final MemorySegment load16;
  private final MemorySegment load32;
  private final MemorySegment load64;
  private final MemorySegment store8;
  private final MemorySegment store16;
  private final MemorySegment store32;
  private final MemorySegment store64;
  private final MemorySegment exchangeAdd32;
  private final MemorySegment exchange32;
  private final MemorySegment compareExchange32;

  private FaultSafeAccess(Code code, long gateAddress) {
    copy = at(code.copy, gateAddress);
    fill = at(code.fill, gateAddress);
    load8 = at(code.load8, gateAddress);
    load16 = at(code.load16, gateAddress);
    load32 = at(code.load32, gateAddress);
    load64 = at(code.load64, gateAddress);
    store8 = at(code.store8, gateAddress);
    store16 = at(code.store16, gateAddress);
    store32 = at(code.store32, gateAddress);
    store64 = at(code.store64, gateAddress);
    exchangeAdd32 = at(code.exchangeAdd32, gateAddress);
    exchange32 = at(code.exchange32, gateAddress);
    compareExchange32 = at(code.compareExchange32, gateAddress);
  }

  private static MemorySegment at(Label label, long gateAddress) {
    return MemorySegment.ofAddress(gateAddress + label.offset());
  }

  /** The routines' places in the gate area, and where the fault handler redirects them. */
  @SuppressWarnings("exports") // for the gate package alone, which emits all monitor code
  public static final class Code {
    private final Label copy;
    private final Label fill;
    private final Label load8;
    private final Label load16;
    private final Label load32;
    private final Label load64;
    private final Label store8;
    private final Label store16;
    private final Label store32;
    private final Label store64;
    private final Label exchangeAdd32;
    private final Label exchange32;
    private final Label compareExchange32;
    private final List<Fixup> fixups = new ArrayList<>();

    /** Emits the routines. */
    public Code(Assembler a) {
      Label remaining = new Label();
      // copy(destination, source, length): invariant: rcx counts what is left, at a fault too.
      copy = a.here();
      a.mov64(RCX, RDX);
      Label move = a.here();
      a.repMovsb();
      a.bind(remaining);
      a.mov64(RAX, RCX);
      a.ret();
      fixups.add(new Fixup(move, remaining, remaining));
      // fill(destination, value, length): the same.
      fill = a.here();
      a.mov32(RAX, RSI);
      a.mov64(RCX, RDX);
      Label store = a.here();
      a.repStosb();
      Label stored = a.here();
      a.jmp(remaining);
      fixups.add(new Fixup(store, stored, remaining));

      // Loads leave the value zero-extended, so that a negative result means a fault.
      Label first = a.here();
      load8 = a.here();
      a.movzx8(RAX, Memory.base(RDI, 0));
      a.ret();
      load16 = a.here();
      a.movzx16(RAX, Memory.base(RDI, 0));
      a.ret();
      load32 = a.here();
      a.mov32(RAX, Memory.base(RDI, 0));
      a.ret();
      // Stores return the low half of the address, which is not negative, and write all of the
      // value or nothing.
      store8 = a.here();
      a.mov8(Memory.base(RDI, 0), RSI);
      a.mov32(RAX, RDI);
      a.ret();
      store16 = a.here();
      a.mov16(Memory.base(RDI, 0), RSI);
      a.mov32(RAX, RDI);
      a.ret();
      store32 = a.here();
      a.mov32(Memory.base(RDI, 0), RSI);
      a.mov32(RAX, RDI);
      a.ret();
      store64 = a.here();
      a.mov64(Memory.base(RDI, 0), RSI);
      a.mov32(RAX, RDI);
      a.ret();
      // Read-modify-writes return the former value, zero-extended.
      exchangeAdd32 = a.here();
      a.mov32(RAX, RSI);
      a.lock();
      a.xadd32(Memory.base(RDI, 0), RAX);
      a.ret();
      exchange32 = a.here();
      a.mov32(RAX, RSI);
      a.xchg32(Memory.base(RDI, 0), RAX);
      a.ret();
      compareExchange32 = a.here();
      a.mov32(RAX, RSI);
      a.lock();
      a.cmpxchg32(Memory.base(RDI, 0), RDX);
      a.ret();
      Label last = a.here();
      Label fault = a.here();
      a.movImmediate64(RAX, FAULT);
      a.ret();
      fixups.add(new Fixup(first, last, fault));

      load64 = a.here();
      a.mov64(RAX, Memory.base(RDI, 0));
      Label loaded = a.here();
      a.ret();
      Label fault64 = a.here();
      a.movImmediate64(RAX, FAULT_64);
      a.ret();
      fixups.add(new Fixup(load64, loaded, fault64));
    }

    /** Where the fault handler goes on. */
    public List<Fixup> fixups() {
      return fixups;
    }

    /** Makes the routines callable once they are at their host address. */
    public FaultSafeAccess at(long gateAddress) {
      return new FaultSafeAccess(this, gateAddress);
    }
  }

  /** Copies between host addresses; returns how many bytes at the end were not copied. */
  public long copy(long destination, long source, long lengthBytes) {
    try {
      return (long) COPY.invokeExact(copy, destination, source, lengthBytes);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  /**
   * Copies into a segment, on the heap or not; returns how many bytes at the end were not copied.
   */
  public long copyTo(MemorySegment destination, long source, long lengthBytes) {
    try {
      return (long) COPY_TO_HEAP.invokeExact(copy, destination, source, lengthBytes);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  /**
   * Copies out of a segment, on the heap or not; returns how many bytes at the end were not copied.
   */
  public long copyFrom(long destination, MemorySegment source, long lengthBytes) {
    try {
      return (long) COPY_FROM_HEAP.invokeExact(copy, destination, source, lengthBytes);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  /** Sets bytes to one value; returns how many bytes at the end were not set. */
  long fill(long destination, byte value, long lengthBytes) {
    try {
      return (long) COPY.invokeExact(fill, destination, (long) value, lengthBytes);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  /** The byte, zero-extended, or {@link #FAULT}. */
  long load8(long hostAddress) {
    return load(load8, hostAddress);
  }

  /** The 16 bits, zero-extended, or {@link #FAULT}. */
  long load16(long hostAddress) {
    return load(load16, hostAddress);
  }

  /** The 32 bits, zero-extended, or {@link #FAULT}. */
  public long load32(long hostAddress) {
    return load(load32, hostAddress);
  }

  /** The 64 bits, or {@link #FAULT_64}, which memory may hold too. */
  long load64(long hostAddress) {
    return load(load64, hostAddress);
  }

  /** Stores the lowest byte; {@link #FAULT} if it could not. */
  long store8(long hostAddress, long value) {
    return store(store8, hostAddress, value);
  }

  /** Stores the lowest 16 bits; {@link #FAULT} if it could not. */
  long store16(long hostAddress, long value) {
    return store(store16, hostAddress, value);
  }

  /** Stores the lowest 32 bits; {@link #FAULT} if it could not. */
  long store32(long hostAddress, long value) {
    return store(store32, hostAddress, value);
  }

  /** Stores 64 bits; {@link #FAULT} if it could not. */
  long store64(long hostAddress, long value) {
    return store(store64, hostAddress, value);
  }

  /** Adds atomically; returns the former value, zero-extended, or {@link #FAULT}. */
  long exchangeAdd32(long hostAddress, int addend) {
    return exchange(exchangeAdd32, hostAddress, addend);
  }

  /** Exchanges atomically; returns the former value, zero-extended, or {@link #FAULT}. */
  long exchange32(long hostAddress, int value) {
    return exchange(exchange32, hostAddress, value);
  }

  /**
   * Stores {@code value} if memory holds {@code expected}, atomically; returns what memory held,
   * zero-extended, or {@link #FAULT}.
   */
  long compareExchange32(long hostAddress, int expected, int value) {
    return compareExchange(compareExchange32, hostAddress, expected, value);
  }

  private static long load(MemorySegment routine, long hostAddress) {
    try {
      return (long) LOAD.invokeExact(routine, hostAddress);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  private static long store(MemorySegment routine, long hostAddress, long value) {
    try {
      return (long) STORE.invokeExact(routine, hostAddress, value);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  private static long exchange(MemorySegment routine, long hostAddress, int value) {
    try {
      return (long) EXCHANGE.invokeExact(routine, hostAddress, value);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  private static long compareExchange(
      MemorySegment routine, long hostAddress, long expected, long value) {
    try {
      return (long) COMPARE.invokeExact(routine, hostAddress, expected, value);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }
}
