package org.capvm.machine.code;

import org.capvm.machine.translate.CodeLocation;

/**
 * What a thread that runs guest code asks about the code of its address space.
 *
 * <p>Threads: called by any guest thread of the address space.
 */
public interface Translations {
  /**
   * Finds or makes the translation of a guest pc, and enters it in the slot's branch table.
   *
   * @return its host address, 0 if the pc is not executable
   */
  long resolve(long guestPc);

  /**
   * What a guest was doing at a host instruction of a translation.
   *
   * @param hostAddress an address of the code cache, after the gate area
   * @return null if no translation is there
   */
  CodeLocation locate(long hostAddress);

  /** From now on a thread may execute translations. */
  void enter(CodeUser user);

  /** A thread executes translations no more. */
  void leave(CodeUser user);
}
