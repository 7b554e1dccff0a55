package org.capvm.monitor.memory;

import static org.capvm.machine.host.HostMemory.MAP_ANONYMOUS;
import static org.capvm.machine.host.HostMemory.MAP_FIXED;
import static org.capvm.machine.host.HostMemory.MAP_NORESERVE;
import static org.capvm.machine.host.HostMemory.MAP_PRIVATE;
import static org.capvm.machine.host.HostMemory.MAP_SHARED;
import static org.capvm.machine.host.HostMemory.MREMAP_DONTUNMAP;
import static org.capvm.machine.host.HostMemory.MREMAP_FIXED;
import static org.capvm.machine.host.HostMemory.MREMAP_MAYMOVE;
import static org.capvm.machine.host.HostMemory.PROT_EXEC;
import static org.capvm.machine.host.HostMemory.PROT_NONE;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.SlotLayout.BRANCH_ENTRY_BYTES;
import static org.capvm.machine.layout.SlotLayout.BYTES_BELOW_BASE;
import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;
import static org.capvm.machine.layout.SlotLayout.RESERVED_BYTES;
import static org.capvm.machine.layout.SlotLayout.branchEntryOffset;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.capvm.machine.host.HostMemory;

/**
 * The host range that one guest address space lives in; {@link org.capvm.machine.layout.SlotLayout}
 * draws it.
 *
 * <p>Every method that changes mappings checks its range against the slot, in subtraction form, and
 * passes {@code MAP_FIXED} addresses made from checked ranges alone. No page of a slot is ever
 * executable: guests execute the code cache only. Addresses and lengths must be multiples of 4096.
 *
 * <p>Threads: any; who maps what when is the owner's affair. Close it when no guest thread is left.
 *
 * <p>All methods throw {@link org.capvm.machine.error.HostException} with the errno when the host
 * refuses, and {@link IllegalArgumentException} for a range outside the slot.
 */
public final class Slot implements AutoCloseable {
  private static final int PAGE_MASK = 4095;

  private final SlotAllocator allocator;
  private final long hostBase;
  private final GuestMemory memory;
  private final Set<Runnable> beforeClose = new LinkedHashSet<>();
  private boolean closed;

  Slot(SlotAllocator allocator, long hostBase, FaultSafeAccess access) {
    this.allocator = allocator;
    this.hostBase = hostBase;
    this.memory = new GuestMemory(hostBase, access);
  }

  /** {@code B}: the host address of guest address 0, a multiple of 4 GiB. */
  public long hostBase() {
    return hostBase;
  }

  /** Fault-safe access to the guest's memory. */
  public GuestMemory memory() {
    return memory;
  }

  /**
   * The host address of a range, which need not be mapped.
   *
   * @throws IllegalArgumentException if the range is not inside the slot
   */
  public long hostAddress(long guestAddress, long lengthBytes) {
    if (guestAddress < 0
        || guestAddress > GUEST_BYTES
        || lengthBytes < 0
        || lengthBytes > GUEST_BYTES - guestAddress) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(guestAddress) + " + " + lengthBytes + " is outside the slot");
    }
    return hostBase + guestAddress;
  }

  /**
   * Puts entries of the table that branches of guest code go through below the slot, read-only; see
   * {@link org.capvm.machine.code.BranchTableView#map}. Empty ones take no memory, however many are
   * looked up: the host has one page of zeros for all of them.
   */
  public void mapBranchTable(long guestAddress, long lengthBytes, int descriptor, long fileOffset) {
    pages(guestAddress, lengthBytes);
    int kind = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    HostMemory.mmap(
        hostBase - BYTES_BELOW_BASE + branchEntryOffset(guestAddress + lengthBytes - 1),
        lengthBytes * BRANCH_ENTRY_BYTES,
        PROT_READ,
        kind | MAP_FIXED | MAP_NORESERVE,
        descriptor,
        descriptor < 0 ? 0 : fileOffset);
  }

  /**
   * Maps zeroed private memory, in place of whatever was there.
   *
   * @param protection what the guest asked for: {@code PROT_} bits
   */
  public void mapAnonymous(long guestAddress, long lengthBytes, int protection) {
    HostMemory.mmap(
        pages(guestAddress, lengthBytes),
        lengthBytes,
        hostProtection(protection),
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
        -1,
        0);
  }

  /**
   * Maps part of a file, in place of whatever was there.
   *
   * @param protection what the guest asked for: {@code PROT_} bits
   * @param shared whether writes reach the file
   * @param descriptor an open file of the host; may be closed afterwards
   * @param fileOffset a multiple of 4096
   */
  public void mapFile(
      long guestAddress,
      long lengthBytes,
      int protection,
      boolean shared,
      int descriptor,
      long fileOffset) {
    HostMemory.mmap(
        pages(guestAddress, lengthBytes),
        lengthBytes,
        hostProtection(protection),
        (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED | MAP_NORESERVE,
        descriptor,
        fileOffset);
  }

  /**
   * Changes what the guest may do with pages.
   *
   * @param protection what the guest asked for: {@code PROT_} bits
   */
  public void protect(long guestAddress, long lengthBytes, int protection) {
    HostMemory.mprotect(pages(guestAddress, lengthBytes), lengthBytes, hostProtection(protection));
  }

  /** Removes pages; the range stays reserved for the slot, without access. */
  public void unmap(long guestAddress, long lengthBytes) {
    reserve(pages(guestAddress, lengthBytes), lengthBytes);
  }

  /**
   * Moves pages, and changes their number, in place of whatever was at the destination. What they
   * leave behind stays reserved, without access. The ranges must not overlap.
   *
   * @param lengthBytes more than 0
   */
  public void move(long guestAddress, long lengthBytes, long newGuestAddress, long newLengthBytes) {
    long from = pages(guestAddress, lengthBytes);
    long to = pages(newGuestAddress, newLengthBytes);
    // What is left behind stays mapped until it is reserved again: a hole in the slot, however
    // brief,
    // could be filled by a mapping of the JVM's, which the guest would see.
    if (lengthBytes == newLengthBytes) {
      int flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
      HostMemory.mremap(from, lengthBytes, lengthBytes, flags, to);
    } else {
      // The kernel does that for equal lengths only, so pages that change length go by way of a
      // place
      // outside the slot.
      int flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
      long outside = HostMemory.mremap(from, lengthBytes, lengthBytes, flags, 0);
      HostMemory.mremap(outside, lengthBytes, newLengthBytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    }
    reserve(from, lengthBytes);
  }

  /**
   * Tells the host how pages will be used.
   *
   * @param advice an {@code MADV_} constant
   */
  public void advise(long guestAddress, long lengthBytes, int advice) {
    HostMemory.madvise(pages(guestAddress, lengthBytes), lengthBytes, advice);
  }

  /**
   * Has something done before the slot is given back, once: whoever lets others reach the slot's
   * memory ends that there.
   *
   * @return false if the slot is closed already
   */
  public synchronized boolean beforeClose(Runnable action) {
    return !closed && beforeClose.add(action);
  }

  /** Takes back what {@link #beforeClose} asked for. */
  public synchronized void forget(Runnable action) {
    beforeClose.remove(action);
  }

  /**
   * Does now what was to be done before the slot is given back: its content becomes another one.
   */
  public void endSharing() {
    List<Runnable> actions;
    synchronized (this) {
      actions = List.copyOf(beforeClose);
      beforeClose.clear();
    }
    actions.forEach(Runnable::run);
  }

  /** Removes every page and gives the range back for reuse. No guest thread may be left. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    endSharing();
    reserve(hostBase - BYTES_BELOW_BASE, RESERVED_BYTES);
    allocator.release(hostBase);
  }

  private static void reserve(long hostAddress, long lengthBytes) {
    HostMemory.mmap(
        hostAddress,
        lengthBytes,
        PROT_NONE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
        -1,
        0);
  }

  private long pages(long guestAddress, long lengthBytes) {
    if (((guestAddress | lengthBytes) & PAGE_MASK) != 0) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(guestAddress) + " + " + lengthBytes + " is not whole pages");
    }
    return hostAddress(guestAddress, lengthBytes);
  }

  /** What the guest may execute is read by the translator and never executed in place. */
  private static int hostProtection(int guestProtection) {
    int protection = guestProtection & (PROT_READ | PROT_WRITE);
    return (guestProtection & PROT_EXEC) == 0 ? protection : protection | PROT_READ;
  }
}
