package org.capvm.machine.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Loads and stores at raw host addresses, for memory that emitted code shares with Java: contexts,
 * branch tables, the code cache.
 *
 * <p>Nothing is checked: a wrong address is a fault of the JVM's own. Never for guest memory, whose
 * pages may vanish at any time; that is what the monitor's fault-safe copier is for.
 *
 * <p>Threads: any. The plain forms are single loads and stores for aligned addresses; the {@code
 * Volatile}, {@code Acquire} and {@code Release} forms need aligned addresses.
 */
@SuppressWarnings("restricted")
public final class RawMemory {
  /** All of the address space as one segment, for bulk operations. */
  public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final VarHandle ALIGNED_INT = ValueLayout.JAVA_INT.varHandle();
  private static final VarHandle ALIGNED_LONG = ValueLayout.JAVA_LONG.varHandle();

  private RawMemory() {}

  /** Loads one byte. */
  public static byte getByte(long hostAddress) {
    return ALL.get(ValueLayout.JAVA_BYTE, hostAddress);
  }

  /** Stores one byte. */
  public static void putByte(long hostAddress, byte value) {
    ALL.set(ValueLayout.JAVA_BYTE, hostAddress, value);
  }

  /** Loads two bytes, little-endian. */
  public static short getShort(long hostAddress) {
    return ALL.get(SHORT, hostAddress);
  }

  /** Loads four bytes, little-endian. */
  public static int getInt(long hostAddress) {
    return ALL.get(INT, hostAddress);
  }

  /** Stores four bytes, little-endian. */
  public static void putInt(long hostAddress, int value) {
    ALL.set(INT, hostAddress, value);
  }

  /** Loads eight bytes, little-endian. */
  public static long getLong(long hostAddress) {
    return ALL.get(LONG, hostAddress);
  }

  /** Stores eight bytes, little-endian. */
  public static void putLong(long hostAddress, long value) {
    ALL.set(LONG, hostAddress, value);
  }

  /** Loads an aligned int with volatile ordering. */
  public static int getIntVolatile(long hostAddress) {
    return (int) ALIGNED_INT.getVolatile(ALL, hostAddress);
  }

  /** Stores an aligned int with volatile ordering. */
  public static void putIntVolatile(long hostAddress, int value) {
    ALIGNED_INT.setVolatile(ALL, hostAddress, value);
  }

  /** Atomically replaces an aligned int and returns the one that was there. */
  public static int getAndSetInt(long hostAddress, int value) {
    return (int) ALIGNED_INT.getAndSet(ALL, hostAddress, value);
  }

  /** Atomically adds to an aligned int and returns what was there. */
  public static int getAndAddInt(long hostAddress, int addend) {
    return (int) ALIGNED_INT.getAndAdd(ALL, hostAddress, addend);
  }

  /** Atomically replaces an aligned long and returns the one that was there. */
  public static long getAndSetLong(long hostAddress, long value) {
    return (long) ALIGNED_LONG.getAndSet(ALL, hostAddress, value);
  }

  /** Atomically replaces an aligned long if it has a value; returns whether it had. */
  public static boolean compareAndSetLong(long hostAddress, long expected, long value) {
    return ALIGNED_LONG.compareAndSet(ALL, hostAddress, expected, value);
  }

  /** Loads an aligned long with acquire ordering. */
  public static long getLongAcquire(long hostAddress) {
    return (long) ALIGNED_LONG.getAcquire(ALL, hostAddress);
  }

  /**
   * Stores an aligned long with release ordering: emitted code that sees it also sees every store
   * before it.
   */
  public static void putLongRelease(long hostAddress, long value) {
    ALIGNED_LONG.setRelease(ALL, hostAddress, value);
  }

  /** Copies bytes out of a Java array. */
  public static void write(long hostAddress, byte[] source, int offset, int lengthBytes) {
    MemorySegment.copy(source, offset, ALL, ValueLayout.JAVA_BYTE, hostAddress, lengthBytes);
  }

  /** Copies bytes into a Java array. */
  public static void read(long hostAddress, byte[] destination, int offset, int lengthBytes) {
    MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, hostAddress, destination, offset, lengthBytes);
  }

  /** Sets a range to zero. */
  public static void clear(long hostAddress, long lengthBytes) {
    ALL.asSlice(hostAddress, lengthBytes).fill((byte) 0);
  }
}
