package org.capvm.machine.code;

import static org.capvm.machine.host.HostMemory.MAP_NORESERVE;
import static org.capvm.machine.host.HostMemory.MAP_SHARED;
import static org.capvm.machine.host.HostMemory.MFD_CLOEXEC;
import static org.capvm.machine.host.HostMemory.PROT_EXEC;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.TreeMap;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;

/**
 * The only memory that guests execute: one region, mapped twice.
 *
 * <pre>
 *   executable view:  gates (64 KiB) │ translations …      read and execute, what RIP and branch tables hold
 *   writable view:    the same bytes                       read and write, used by Java alone
 * </pre>
 *
 * <p>No address is ever both writable and executable. Offsets are bytes from the start of either
 * view. The region is below 2 GiB so that every direct branch inside it fits 32 bits.
 *
 * <p>Threads: any. Allocation is guarded by this object's monitor; the bytes of an allocation
 * belong to whoever allocated it until they are published.
 */
public final class CodeCache implements AutoCloseable {
  /** Bytes at the start of the region that hold the gates; translations come after. */
  public static final int GATE_BYTES = 64 << 10;

  /**
   * Every translation starts at a multiple of this: a line of the processor's cache, so that its
   * loops lie as well or badly in lines wherever it is placed.
   */
  public static final int ALIGNMENT = 64;

  /** The largest region: the reach of a direct branch. */
  public static final long MAX_CAPACITY_BYTES = (2L << 30) - 4096;

  private final int descriptor;
  private final long capacityBytes;
  private final long executableAddress;
  private final long writableAddress;

  /** Freed ranges by offset, with their lengths; neighbours are merged. */
  private final TreeMap<Long, Long> free = new TreeMap<>();

  private long usedBytes;

  private CodeCache(int descriptor, long capacityBytes) {
    this.descriptor = descriptor;
    this.capacityBytes = capacityBytes;
    HostMemory.ftruncate(descriptor, capacityBytes);
    int flags = MAP_SHARED | MAP_NORESERVE;
    this.writableAddress =
        HostMemory.mmap(0, capacityBytes, PROT_READ | PROT_WRITE, flags, descriptor, 0);
    this.executableAddress =
        HostMemory.mmap(0, capacityBytes, PROT_READ | PROT_EXEC, flags, descriptor, 0);
    free.put((long) GATE_BYTES, capacityBytes - GATE_BYTES);
  }

  /**
   * Reserves a region.
   *
   * @param capacityBytes a multiple of 4096, more than {@link #GATE_BYTES} and at most {@link
   *     #MAX_CAPACITY_BYTES}; memory is taken only as it is used
   * @throws org.capvm.machine.error.HostException if the host refuses the memory
   */
  public static CodeCache create(long capacityBytes) {
    if (capacityBytes <= GATE_BYTES
        || capacityBytes > MAX_CAPACITY_BYTES
        || capacityBytes % 4096 != 0) {
      throw new IllegalArgumentException("code cache of " + capacityBytes + " bytes");
    }
    return new CodeCache(HostMemory.memfdCreate("capvm-code", MFD_CLOEXEC), capacityBytes);
  }

  /** Host address at which guests execute the byte at offset 0. */
  public long executableAddress() {
    return executableAddress;
  }

  /** Host address at which Java writes the byte at offset 0. */
  public long writableAddress() {
    return writableAddress;
  }

  /** Bytes of the region, used or not. */
  public long capacityBytes() {
    return capacityBytes;
  }

  /** Bytes that allocations hold now. */
  public synchronized long usedBytes() {
    return usedBytes;
  }

  /** Whether a host address lies in the part of the executable view that holds translations. */
  public boolean holdsTranslation(long hostAddress) {
    long offset = hostAddress - executableAddress;
    return offset >= GATE_BYTES && offset < capacityBytes;
  }

  /**
   * Takes room for a translation.
   *
   * @param lengthBytes more than 0
   * @return its offset, a multiple of {@link #ALIGNMENT}
   * @throws CodeCacheFullException if no free range is large enough
   */
  synchronized long allocate(int lengthBytes) {
    long need = aligned(lengthBytes);
    long offset = firstFit(need);
    long length = free.remove(offset);
    if (length > need) {
      free.put(offset + need, length - need);
    }
    usedBytes += need;
    return offset;
  }

  private long firstFit(long lengthBytes) {
    for (var range : free.entrySet()) {
      if (range.getValue() >= lengthBytes) {
        return range.getKey();
      }
    }
    throw new CodeCacheFullException(
        "the code cache of "
            + (capacityBytes >> 20)
            + " MiB is full; run fewer different programs at a time");
  }

  /**
   * Gives back what {@link #allocate} returned for this length. The caller knows that no guest
   * thread executes it and that nothing branches to it.
   */
  synchronized void release(long offset, int lengthBytes) {
    long length = aligned(lengthBytes);
    usedBytes -= length;
    long start = offset;
    var below = free.lowerEntry(start);
    if (below != null && below.getKey() + below.getValue() == start) {
      free.remove(below.getKey());
      start = below.getKey();
      length += below.getValue();
    }
    Long above = free.remove(start + length);
    free.put(start, above == null ? length : length + above);
  }

  /**
   * Writes code that nothing can reach yet.
   *
   * @param offset where in the region
   */
  public void write(long offset, byte[] code, int lengthBytes) {
    if (offset < 0 || lengthBytes > capacityBytes - offset) {
      throw new IndexOutOfBoundsException("code at " + offset + ", " + lengthBytes + " bytes");
    }
    MemorySegment.copy(
        code, 0, RawMemory.ALL, ValueLayout.JAVA_BYTE, writableAddress + offset, lengthBytes);
  }

  /**
   * Redirects a published direct branch. Guest threads may be executing it: the four bytes are
   * aligned, so each of them sees the old or the new distance.
   *
   * @param siteOffset offset of the branch's 32-bit distance, a multiple of 4
   * @param targetOffset offset of its new target
   */
  void redirect(long siteOffset, long targetOffset) {
    RawMemory.putIntVolatile(writableAddress + siteOffset, (int) (targetOffset - (siteOffset + 4)));
  }

  private static long aligned(int lengthBytes) {
    return (lengthBytes + ALIGNMENT - 1L) & -ALIGNMENT;
  }

  /** Removes both views. No guest may run any more. */
  @Override
  public void close() {
    HostMemory.munmap(writableAddress, capacityBytes);
    HostMemory.munmap(executableAddress, capacityBytes);
    HostMemory.close(descriptor);
  }
}
