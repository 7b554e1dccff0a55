package org.capvm.monitor.memory;

import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;
import static org.capvm.monitor.memory.FaultSafeAccess.FAULT_64;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * Java's way to a guest's memory: every access is checked against the guest's address space, and
 * one that the guest itself could not have made ends in a {@link GuestMemoryFault}.
 *
 * <p>Guest addresses are 0 … 2^32 - 1. Nothing here trusts that a page is mapped, stays mapped or
 * keeps its content: other guest threads run at the same time. Read guest data once, check the
 * copy, use the copy.
 *
 * <p>Threads: any. Aligned accesses of 1, 2, 4 and 8 bytes are single accesses with the machine's
 * own (acquire and release) ordering; the read-modify-writes are sequentially consistent. Must not
 * be used after the slot is recycled.
 */
public final class GuestMemory {
  /**
   * How much one call of the copier moves. The JVM cannot stop a thread inside the copier, so that
   * it bounds how long a garbage collection may have to wait: some tens of microseconds.
   */
  private static final long MAX_COPY_BYTES = 1 << 20;

  private static final int PAGE_BYTES = 4096;

  /** No fault of a store was answered yet. */
  public static final long UNTOUCHED = -1;

  private final long hostBase;
  private final FaultSafeAccess access;
  private volatile LongUnaryOperator storeFault = address -> UNTOUCHED;

  GuestMemory(long hostBase, FaultSafeAccess access) {
    this.hostBase = hostBase;
    this.access = access;
  }

  /**
   * The host address of a range of guest memory, for calls to the host that report a fault
   * themselves.
   *
   * @throws GuestMemoryFault if the range is not inside the guest's address space
   */
  public long hostAddress(long guestAddress, long lengthBytes) {
    // Subtraction form: no sum that could wrap.
    if (guestAddress < 0
        || guestAddress > GUEST_BYTES
        || lengthBytes < 0
        || lengthBytes > GUEST_BYTES - guestAddress) {
      throw new GuestMemoryFault(guestAddress);
    }
    return hostBase + guestAddress;
  }

  // ---- single values

  /** Loads one byte. */
  public byte getByte(long guestAddress) {
    return (byte) checked(access.load8(hostAddress(guestAddress, 1)), guestAddress);
  }

  /** Loads two bytes, little-endian. */
  public short getShort(long guestAddress) {
    return (short) checked(access.load16(hostAddress(guestAddress, 2)), guestAddress);
  }

  /** Loads four bytes, little-endian. */
  public int getInt(long guestAddress) {
    return (int) checked(access.load32(hostAddress(guestAddress, 4)), guestAddress);
  }

  /** Loads eight bytes, little-endian. */
  public long getLong(long guestAddress) {
    long value = access.load64(hostAddress(guestAddress, 8));
    if (value == FAULT_64) {
      // Either a fault or just this value: loads that report faults apart from values decide.
      getInt(guestAddress);
      getInt(guestAddress + 4);
    }
    return value;
  }

  /** Stores one byte. */
  public void putByte(long guestAddress, byte value) {
    long host = hostAddress(guestAddress, 1);
    for (long state = UNTOUCHED; access.store8(host, value) < 0; ) {
      state = repaired(guestAddress, state);
    }
  }

  /** Stores two bytes, little-endian. */
  public void putShort(long guestAddress, short value) {
    long host = hostAddress(guestAddress, 2);
    for (long state = UNTOUCHED; access.store16(host, value) < 0; ) {
      state = repaired(guestAddress, state);
    }
  }

  /** Stores four bytes, little-endian. */
  public void putInt(long guestAddress, int value) {
    long host = hostAddress(guestAddress, 4);
    for (long state = UNTOUCHED; access.store32(host, value) < 0; ) {
      state = repaired(guestAddress, state);
    }
  }

  /** Stores eight bytes, little-endian. */
  public void putLong(long guestAddress, long value) {
    long host = hostAddress(guestAddress, 8);
    for (long state = UNTOUCHED; access.store64(host, value) < 0; ) {
      state = repaired(guestAddress, state);
    }
  }

  // ---- atomic operations

  /**
   * Stores a value if memory holds the expected one.
   *
   * @return whether it did
   */
  public boolean compareAndSetInt(long guestAddress, int expected, int value) {
    return compareAndExchangeInt(guestAddress, expected, value) == expected;
  }

  /**
   * Stores a value if memory holds the expected one.
   *
   * @return what memory held
   */
  public int compareAndExchangeInt(long guestAddress, int expected, int value) {
    long host = hostAddress(guestAddress, 4);
    return (int) stored(guestAddress, () -> access.compareExchange32(host, expected, value));
  }

  /** Adds and returns the former value. */
  public int getAndAddInt(long guestAddress, int addend) {
    long host = hostAddress(guestAddress, 4);
    return (int) stored(guestAddress, () -> access.exchangeAdd32(host, addend));
  }

  /** Stores and returns the former value. */
  public int getAndSetInt(long guestAddress, int value) {
    long host = hostAddress(guestAddress, 4);
    return (int) stored(guestAddress, () -> access.exchange32(host, value));
  }

  // ---- ranges

  /** Copies guest memory into an array; all of it, or a fault. */
  public void read(long guestAddress, byte[] destination, int offset, int lengthBytes) {
    read(guestAddress, MemorySegment.ofArray(destination).asSlice(offset, lengthBytes));
  }

  /** Copies guest memory into a segment until it is full; all of it, or a fault. */
  public void read(long guestAddress, MemorySegment destination) {
    long copied = readAvailable(guestAddress, destination);
    if (copied < destination.byteSize()) {
      throw new GuestMemoryFault(guestAddress + copied);
    }
  }

  /**
   * Copies guest memory into a segment as far as it can be read.
   *
   * @return the number of bytes copied: less than the segment's size if memory ended before
   */
  public long readAvailable(long guestAddress, MemorySegment destination) {
    if (guestAddress < 0 || guestAddress >= GUEST_BYTES) {
      return 0;
    }
    long length = Math.min(destination.byteSize(), GUEST_BYTES - guestAddress);
    long done = 0;
    while (done < length) {
      long chunk = Math.min(length - done, MAX_COPY_BYTES);
      MemorySegment target = destination.asSlice(done, chunk);
      long left = access.copyTo(target, hostBase + guestAddress + done, chunk);
      done += chunk - left;
      if (left != 0) {
        break;
      }
    }
    return done;
  }

  /** Copies part of an array into guest memory; all of it, or a fault after some of it. */
  public void write(long guestAddress, byte[] source, int offset, int lengthBytes) {
    write(guestAddress, MemorySegment.ofArray(source).asSlice(offset, lengthBytes));
  }

  /** Copies a segment into guest memory; all of it, or a fault after some of it. */
  public void write(long guestAddress, MemorySegment source) {
    long length = source.byteSize();
    long hostAddress = hostAddress(guestAddress, length);
    long done = 0;
    long state = UNTOUCHED;
    while (done < length) {
      long chunk = Math.min(length - done, MAX_COPY_BYTES);
      long left = access.copyFrom(hostAddress + done, source.asSlice(done, chunk), chunk);
      done += chunk - left;
      if (left != 0) {
        state = repaired(guestAddress + done, state);
      }
    }
  }

  /** Sets a range to one value; all of it, or a fault after some of it. */
  public void fill(long guestAddress, long lengthBytes, byte value) {
    long hostAddress = hostAddress(guestAddress, lengthBytes);
    long done = 0;
    long state = UNTOUCHED;
    while (done < lengthBytes) {
      long chunk = Math.min(lengthBytes - done, MAX_COPY_BYTES);
      long left = access.fill(hostAddress + done, value, chunk);
      done += chunk - left;
      if (left != 0) {
        state = repaired(guestAddress + done, state);
      }
    }
  }

  /**
   * Copies from one guest memory to another, or within one if the ranges do not overlap.
   *
   * @throws GuestMemoryFault if either side is not there; its address is the destination's
   */
  public static void copy(
      GuestMemory source,
      long sourceAddress,
      GuestMemory destination,
      long destinationAddress,
      long lengthBytes) {
    long from = source.hostAddress(sourceAddress, lengthBytes);
    long to = destination.hostAddress(destinationAddress, lengthBytes);
    long done = 0;
    long state = UNTOUCHED;
    while (done < lengthBytes) {
      long chunk = Math.min(lengthBytes - done, MAX_COPY_BYTES);
      long left = source.access.copy(to + done, from + done, chunk);
      done += chunk - left;
      if (left != 0) {
        state = destination.repaired(destinationAddress + done, state);
      }
    }
  }

  /**
   * Copies a string that ends in a zero byte.
   *
   * @param maxBytes how far to look for the zero byte
   * @return the bytes before the zero byte, or null if there is none within {@code maxBytes}
   * @throws GuestMemoryFault if memory ends before
   */
  public byte[] readCString(long guestAddress, int maxBytes) {
    hostAddress(guestAddress, 1);
    byte[] bytes = new byte[Math.min(maxBytes, 64)];
    int read = 0;
    while (read < maxBytes) {
      // Never beyond the page, so that a string may end right before memory does.
      int untilPageEnd = PAGE_BYTES - (int) ((guestAddress + read) & (PAGE_BYTES - 1));
      int chunk = Math.min(Math.min(untilPageEnd, maxBytes - read), Math.max(bytes.length, 64));
      if (read + chunk > bytes.length) {
        bytes = Arrays.copyOf(bytes, read + chunk);
      }
      read(guestAddress + read, bytes, read, chunk);
      for (int i = read; i < read + chunk; i++) {
        if (bytes[i] == 0) {
          return Arrays.copyOf(bytes, i);
        }
      }
      read += chunk;
    }
    return null;
  }

  private long stored(long guestAddress, LongSupplier store) {
    long state = UNTOUCHED;
    while (true) {
      long result = store.getAsLong();
      if (result >= 0) {
        return result;
      }
      state = repaired(guestAddress, state);
    }
  }

  /**
   * Sets who is asked about stores that fault, because memory that a guest may store to is not
   * always writable on the host.
   *
   * @param answer given a guest address, waits until a store may be tried again, and returns a
   *     number that is another one whenever that may help again; negative for a fault of the
   *     guest's
   */
  public void onStoreFault(LongUnaryOperator answer) {
    storeFault = answer;
  }

  /**
   * A store, by Java or by the host, has faulted: returns when it may be tried again.
   *
   * @param before what this returned for the same store's last fault, or {@link #UNTOUCHED}
   * @throws GuestMemoryFault if it may not
   */
  public long repaired(long guestAddress, long before) {
    long now = storeFault.applyAsLong(guestAddress);
    if (now < 0 || now == before) {
      throw new GuestMemoryFault(guestAddress);
    }
    return now;
  }

  private static long checked(long result, long guestAddress) {
    if (result < 0) {
      throw new GuestMemoryFault(guestAddress);
    }
    return result;
  }
}
