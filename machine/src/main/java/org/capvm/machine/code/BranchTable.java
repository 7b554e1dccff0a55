package org.capvm.machine.code;

import static org.capvm.machine.host.HostMemory.MAP_NORESERVE;
import static org.capvm.machine.host.HostMemory.MAP_SHARED;
import static org.capvm.machine.host.HostMemory.MFD_CLOEXEC;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.SlotLayout.BRANCH_ENTRY_BYTES;

import java.util.HashSet;
import java.util.Set;
import org.capvm.machine.error.HostException;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.translate.Translation;

/**
 * Maps every guest pc of a range to the host address of its translation, or to 0.
 *
 * <p>The table is a sparse file in memory, its entries in falling order of the pc. Guests see it
 * read-only below their slot, at the place {@link org.capvm.machine.layout.SlotLayout} names; Java
 * writes it through a mapping of its own. Entries are aligned and written whole, so a guest that
 * races with a write jumps to the old or the new target.
 *
 * <p>Threads: any; each store is atomic and published with release ordering. Which store comes last
 * is the caller's affair.
 */
final class BranchTable implements AutoCloseable {
  private static final int PAGE_BYTES = 4096;

  private final long end;
  private final long lengthBytes;
  private int descriptor = -1;

  /** Where Java sees the entries, or 0 while there is no file. */
  private volatile long address;

  /** Pages that entries have been asked for; the image's or code space's that the table is of. */
  private final Set<Long> pages = new HashSet<>();

  /**
   * An empty table, which takes nothing of the host until it is made.
   *
   * @param start the lowest guest pc, a multiple of 4096
   * @param length how many guest pcs, a multiple of 4096
   */
  BranchTable(long start, long length) {
    end = start + length;
    lengthBytes = length * BRANCH_ENTRY_BYTES;
  }

  /**
   * Makes the file, before the first entry is set.
   *
   * <p>Throws {@link HostException} if the host has no room for it.
   */
  void make() {
    int file = HostMemory.memfdCreate("capvm-branches", MFD_CLOEXEC);
    HostMemory.ftruncate(file, lengthBytes);
    try {
      address =
          HostMemory.mmap(
              0, lengthBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    } catch (HostException refused) {
      HostMemory.close(file);
      throw refused;
    }
    descriptor = file;
  }

  /** Bytes of pages that the entries of a translation take and no others before. */
  long take(Translation translation) {
    long before = pages.size();
    for (int pc : translation.entries().pcs()) {
      pages.add(offset(Integer.toUnsignedLong(pc)) / PAGE_BYTES);
    }
    return (pages.size() - before) * PAGE_BYTES;
  }

  /** Points the entry of a guest pc at a host address, or at nothing if that is 0. */
  void set(long guestPc, long hostAddress) {
    RawMemory.putLongRelease(address + offset(guestPc), hostAddress);
  }

  /** The host address in the entry of a guest pc. */
  long get(long guestPc) {
    return isMade() ? RawMemory.getLongAcquire(address + offset(guestPc)) : 0;
  }

  /** Whether there is a file, so that entries can be set. */
  boolean isMade() {
    return address != 0;
  }

  /**
   * Shows guests of an address space the entries of a range.
   *
   * @param guestAddress a multiple of 4096
   * @param length a multiple of 4096
   */
  void show(BranchTableView view, long guestAddress, long length) {
    view.map(guestAddress, length, descriptor, offset(guestAddress + length - 1));
  }

  private long offset(long guestPc) {
    return (end - 1 - guestPc) * BRANCH_ENTRY_BYTES;
  }

  /** Gives the file back, if there is one: the table is as it was at first. */
  @Override
  public void close() {
    if (isMade()) {
      HostMemory.munmap(address, lengthBytes);
      HostMemory.close(descriptor);
      address = 0;
      descriptor = -1;
    }
  }
}
