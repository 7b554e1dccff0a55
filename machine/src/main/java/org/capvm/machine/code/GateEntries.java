package org.capvm.machine.code;

import org.capvm.machine.translate.Translation;

/**
 * Host addresses, in the code cache's executable view, at which translations leave the guest.
 *
 * @param miss a direct branch to code without a translation; the context's pc is the target
 * @param systemCall a system call; the context's pc is that of the next instruction
 * @param trap a trap that the context's trap kind names; the context's pc is what the signal
 *     reports
 * @param emulate an instruction for the library OS to emulate; the context's pc is its own
 */
public record GateEntries(long miss, long systemCall, long trap, long emulate) {
  /** The address of a gate. */
  public long of(Translation.GateKind kind) {
    return switch (kind) {
      case MISS -> miss;
      case SYSTEM_CALL -> systemCall;
      case TRAP -> trap;
      case EMULATE -> emulate;
    };
  }

  /** Whether a host address is that of a gate. */
  public boolean contains(long hostAddress) {
    return hostAddress == miss
        || hostAddress == systemCall
        || hostAddress == trap
        || hostAddress == emulate;
  }
}
