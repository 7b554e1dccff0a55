package org.capvm.machine.code;

import static org.capvm.machine.host.HostMemory.MADV_REMOVE;
import static org.capvm.machine.host.HostMemory.MAP_NORESERVE;
import static org.capvm.machine.host.HostMemory.MAP_SHARED;
import static org.capvm.machine.host.HostMemory.MFD_CLOEXEC;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.SlotLayout.BRANCH_TABLE_BYTES;
import static org.capvm.machine.layout.SlotLayout.branchEntryOffset;

import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;

/**
 * Maps every guest pc of one address space to the host address of its translation, or to 0.
 *
 * <p>The table is a sparse file in memory. Guests see it read-only below their slot, at the place
 * {@link org.capvm.machine.layout.SlotLayout} names; Java writes it through a mapping of its own.
 * Entries are aligned and written whole, so a guest that races with a write jumps to the old or the
 * new target.
 *
 * <p>Threads: any; each store is atomic and published with release ordering. Which store comes last
 * is the caller's affair.
 */
final class BranchTable implements AutoCloseable {
  private final int descriptor;
  private final long address;

  BranchTable() {
    descriptor = HostMemory.memfdCreate("capvm-branches", MFD_CLOEXEC);
    HostMemory.ftruncate(descriptor, BRANCH_TABLE_BYTES);
    address =
        HostMemory.mmap(
            0,
            BRANCH_TABLE_BYTES,
            PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_NORESERVE,
            descriptor,
            0);
  }

  /**
   * The file, for the slot's read-only mapping of {@link
   * org.capvm.machine.layout.SlotLayout#BRANCH_TABLE_BYTES}; stays the table's own.
   */
  int descriptor() {
    return descriptor;
  }

  /** Points the entry of a guest pc at a host address, or at nothing if that is 0. */
  void set(long guestPc, long hostAddress) {
    RawMemory.putLongRelease(address + branchEntryOffset(guestPc), hostAddress);
  }

  /** The host address in the entry of a guest pc. */
  long get(long guestPc) {
    return RawMemory.getLongAcquire(address + branchEntryOffset(guestPc));
  }

  /**
   * Empties every entry of a range.
   *
   * @param guestAddress a multiple of 4096
   * @param lengthBytes a multiple of 4096
   */
  void clear(long guestAddress, long lengthBytes) {
    long lowest = branchEntryOffset(guestAddress + lengthBytes - 1);
    HostMemory.madvise(address + lowest, lengthBytes * 8, MADV_REMOVE);
  }

  @Override
  public void close() {
    HostMemory.munmap(address, BRANCH_TABLE_BYTES);
    HostMemory.close(descriptor);
  }
}
