package org.capvm.monitor.capability;

import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.monitor.capability.CapabilityLayout.BASE;
import static org.capvm.monitor.capability.CapabilityLayout.ENTRY_BYTES;
import static org.capvm.monitor.capability.CapabilityLayout.GENERATION;
import static org.capvm.monitor.capability.CapabilityLayout.HANDLE;
import static org.capvm.monitor.capability.CapabilityLayout.INDEX_BITS;
import static org.capvm.monitor.capability.CapabilityLayout.INDEX_MASK;
import static org.capvm.monitor.capability.CapabilityLayout.IN_FLIGHT;
import static org.capvm.monitor.capability.CapabilityLayout.LENGTH;
import static org.capvm.monitor.capability.CapabilityLayout.PERMISSIONS;
import static org.capvm.monitor.capability.CapabilityLayout.SEAL;
import static org.capvm.monitor.capability.CapabilityLayout.TABLE_BYTES;
import static org.capvm.monitor.capability.CapabilityLayout.WAITERS;
import static org.capvm.monitor.capability.CapabilityLayout.WAITERS_ADDRESS;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;
import org.capvm.monitor.capability.CapabilityException.Reason;

/**
 * The capabilities that one cVM holds. {@link CapabilityLayout} draws the native part, which
 * emitted code reads.
 *
 * <p>The mapping has room for every index from the start and takes memory page by page as indexes
 * are given out. Indexes are reused, with a new generation.
 *
 * <p>Threads: {@link #find} any; the rest belongs to the tree's lock.
 */
public final class CapabilityTable {
  private static final int CHUNK_BITS = 12;
  private static final int CHUNK = 1 << CHUNK_BITS;

  /** Index 0 is never given out: no handle has a low half of zero. */
  private static final int FIRST_INDEX = 1;

  private static final int LAST_GENERATION = Integer.MAX_VALUE;

  /**
   * Mappings of tables that have ended, for new ones. They are never unmapped, because a late user
   * of a revoked capability still looks at its entry; the generations in them go on.
   */
  private static final ConcurrentLinkedDeque<Long> RECYCLED = new ConcurrentLinkedDeque<>();

  private final long address;

  private final AtomicReferenceArray<AtomicReferenceArray<Capability>> chunks =
      new AtomicReferenceArray<>(1 << (INDEX_BITS - CHUNK_BITS));

  private final int quota;
  private int live;
  private int nextFresh = FIRST_INDEX;

  /** Indexes given back, as a stack. */
  private int[] free = new int[16];

  private int freeCount;
  private boolean closed;

  CapabilityTable(int quota) {
    if (quota < 0 || quota >= INDEX_MASK) {
      throw new IllegalArgumentException("a quota of " + quota + " capabilities");
    }
    this.quota = quota;
    Long recycled = RECYCLED.poll();
    address = recycled != null ? recycled : map();
  }

  private static long map() {
    return HostMemory.reserve(TABLE_BYTES, PROT_READ | PROT_WRITE);
  }

  /** Host address of the entry of index 0. */
  public long hostAddress() {
    return address;
  }

  /** How many capabilities the cVM may hold at a time. */
  public int quota() {
    return quota;
  }

  /**
   * What a handle names.
   *
   * @param handle anything at all
   * @throws CapabilityException NOT_VALID
   */
  public Capability find(long handle) {
    int index = (int) handle & INDEX_MASK;
    AtomicReferenceArray<Capability> chunk = chunks.get(index >>> CHUNK_BITS);
    Capability found = chunk == null ? null : chunk.get(index & (CHUNK - 1));
    if (found == null || found.handle() != handle || !found.isValid()) {
      throw new CapabilityException(Reason.NOT_VALID);
    }
    return found;
  }

  int live() {
    return live;
  }

  long entryAddress(long handle) {
    return address + (handle & INDEX_MASK) * ENTRY_BYTES;
  }

  /** Makes an entry, valid at once. */
  Capability add(
      CapabilityObject object,
      long hostBase,
      long lengthBytes,
      int permissions,
      int seal,
      Capability origin) {
    if (closed) {
      throw new CapabilityException(Reason.NOT_VALID);
    }
    if (live == quota) {
      throw new CapabilityException(Reason.QUOTA_EXCEEDED);
    }
    int index = freeCount > 0 ? free[--freeCount] : freshIndex();
    long entry = address + (long) index * ENTRY_BYTES;
    int generation = RawMemory.getInt(entry + GENERATION) + 1;
    long handle = (long) generation << 32 | index;
    Capability made =
        new Capability(this, handle, object, hostBase, lengthBytes, permissions, seal);
    RawMemory.putInt(entry + GENERATION, generation);
    RawMemory.putLong(entry + BASE, hostBase);
    RawMemory.putLong(entry + LENGTH, lengthBytes);
    RawMemory.putInt(entry + PERMISSIONS, permissions);
    RawMemory.putInt(entry + SEAL, seal);
    RawMemory.putInt(entry + WAITERS, 0);
    long waiters = origin == null ? entry + WAITERS : waitersAddress(origin);
    RawMemory.putLong(entry + WAITERS_ADDRESS, waiters);
    RawMemory.putLongRelease(entry + HANDLE, handle);
    chunkOf(index).set(index & (CHUNK - 1), made);
    live++;
    return made;
  }

  private int freshIndex() {
    while (nextFresh <= INDEX_MASK && generationOf(nextFresh) == LAST_GENERATION) {
      nextFresh++;
    }
    if (nextFresh > INDEX_MASK) {
      throw new CapabilityException(Reason.QUOTA_EXCEEDED);
    }
    return nextFresh++;
  }

  private int generationOf(int index) {
    return RawMemory.getInt(address + (long) index * ENTRY_BYTES + GENERATION);
  }

  static long waitersAddress(Capability capability) {
    return RawMemory.getLong(capability.entry() + WAITERS_ADDRESS);
  }

  /** First step of a revocation: no use begins any more. */
  static void invalidate(Capability capability) {
    capability.markRevoked();
    RawMemory.getAndSetLong(capability.entry() + HANDLE, 0);
  }

  /** Last step: the index may name something else. No use is in flight. */
  void remove(Capability capability) {
    int index = (int) capability.handle() & INDEX_MASK;
    chunkOf(index).set(index & (CHUNK - 1), null);
    live--;
    if (generationOf(index) != LAST_GENERATION) {
      if (freeCount == free.length) {
        free = Arrays.copyOf(free, 2 * freeCount);
      }
      free[freeCount++] = index;
    }
  }

  private AtomicReferenceArray<Capability> chunkOf(int index) {
    AtomicReferenceArray<Capability> chunk = chunks.get(index >>> CHUNK_BITS);
    if (chunk == null) {
      chunk = new AtomicReferenceArray<>(CHUNK);
      chunks.set(index >>> CHUNK_BITS, chunk);
    }
    return chunk;
  }

  /** All that is in the table, for the end of its cVM. */
  List<Capability> all() {
    List<Capability> all = new ArrayList<>(live);
    for (int index = FIRST_INDEX; index < nextFresh; index++) {
      Capability each = chunkOf(index).get(index & (CHUNK - 1));
      if (each != null) {
        all.add(each);
      }
    }
    return all;
  }

  static void addInFlight(long entry, int change) {
    RawMemory.getAndAddInt(entry + IN_FLIGHT, change);
  }

  static int inFlight(Capability capability) {
    return RawMemory.getIntVolatile(capability.entry() + IN_FLIGHT);
  }

  /** Nothing can be added from now on. */
  void stopAdding() {
    closed = true;
  }

  /** Gives the mapping to a later table. Everything in it was revoked. */
  void recycle() {
    RECYCLED.push(address);
  }
}
