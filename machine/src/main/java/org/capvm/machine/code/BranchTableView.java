package org.capvm.machine.code;

/** The place below a slot where its guests look up what a branch leads to. */
@FunctionalInterface
public interface BranchTableView {
  /**
   * Maps the entries of a range of guest pcs, read-only, in place of those that were there. Guests
   * may be running: each sees the old entry or the new one.
   *
   * @param guestAddress the lowest pc, a multiple of 4096
   * @param lengthBytes how many pcs, a multiple of 4096
   * @param descriptor a file of entries, which stays the caller's, or -1 for empty ones
   * @param fileOffset where the entry of the highest pc is
   */
  void map(long guestAddress, long lengthBytes, int descriptor, long fileOffset);
}
