package org.capvm.libos.futex;

import org.capvm.libos.memory.AddressSpace;

/**
 * What makes two futex words the same: their place in an address space, or in a file that several
 * of them map.
 *
 * @param space the address space of a private word, or null
 * @param device of the file of a shared word
 * @param inode of the file of a shared word
 * @param offset guest address, or offset in the file
 */
record FutexKey(AddressSpace space, long device, long inode, long offset) {
  static FutexKey inSpace(AddressSpace space, long guestAddress) {
    return new FutexKey(space, 0, 0, guestAddress);
  }
}
