package org.capvm.machine.code;

/**
 * What a {@link CodeSpace} asks of the guest memory whose code it translates.
 *
 * <p>Threads: called by any guest thread of the address space, with the code space's locks held;
 * implementations must not call back into it.
 */
public interface CodeMemory {
  /**
   * Copies guest bytes. Must tolerate addresses that are not mapped.
   *
   * @return the number of bytes copied, fewer than asked where the memory ends or cannot be read
   */
  int read(long guestAddress, byte[] target, int targetOffset, int lengthBytes);

  /**
   * Makes pages that are about to be translated immutable until their translations are discarded: a
   * guest that writes to them must fault. Called for memory without an origin only; a second call
   * for the same pages changes nothing.
   *
   * @param guestAddress a multiple of 4096
   * @param lengthBytes a multiple of 4096
   */
  void protect(long guestAddress, long lengthBytes);

  /**
   * Takes memory for translations that no other address space shares. What is left when the code
   * space is closed is given back with that.
   *
   * @param bytes negative to give memory back
   * @return false if there may be no more of it
   */
  boolean take(long bytes);

  /**
   * Asks every guest thread of the address space to leave translated code once, because code that
   * it may be executing was retired. Does not wait.
   */
  void interruptGuests();
}
