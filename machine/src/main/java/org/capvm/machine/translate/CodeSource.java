package org.capvm.machine.translate;

/** Guest code that one translation may be made from. */
public interface CodeSource {
  /** Whether a guest address belongs to this code, readable or not. */
  boolean contains(long guestAddress);

  /**
   * Copies code.
   *
   * @param guestAddress an address of this code
   * @return the number of bytes copied: fewer than the target holds where the code ends or cannot
   *     be read
   */
  int read(long guestAddress, byte[] target);
}
