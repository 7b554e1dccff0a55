package org.capvm.machine.code;

import org.capvm.machine.translate.Translation;

/**
 * What translations know of the gates: host addresses, in the code cache's executable view, at
 * which they leave the guest, and where the fields are that they share with the gates.
 *
 * @param miss a direct branch to code without a translation; the context's pc is the target
 * @param systemCall a system call; the context's pc is that of the next instruction
 * @param trap a trap that the context's trap kind names; the context's pc is what the signal
 *     reports
 * @param emulate an instruction for the library OS to emulate; the context's pc is its own
 * @param threadFields where the fields of the context that runs are: offset 0 of {@link
 *     org.capvm.machine.layout.ContextLayout}, from FS base
 */
public record GateEntries(long miss, long systemCall, long trap, long emulate, int threadFields) {
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
