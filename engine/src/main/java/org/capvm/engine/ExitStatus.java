package org.capvm.engine;

import java.util.Optional;

/** How a cVM's first process ended. */
public sealed interface ExitStatus {

  /** The status a shell shows: the exit code, or 128 plus the signal's number. */
  int shellStatus();

  /**
   * The process ended itself.
   *
   * @param code 0 to 255
   */
  record Exited(int code) implements ExitStatus {
    @Override
    public int shellStatus() {
      return code;
    }
  }

  /**
   * A signal ended the process.
   *
   * @param signal Linux's number of it
   * @param fault what the guest did, if the signal was the answer to an instruction of its own
   */
  record Killed(int signal, Optional<Fault> fault) implements ExitStatus {
    @Override
    public int shellStatus() {
      return 128 + signal;
    }
  }

  /**
   * What a guest did to be sent a signal.
   *
   * @param guestPc the guest address of the instruction
   * @param code Linux's {@code si_code}
   * @param guestAddress Linux's {@code si_addr}, a guest address
   * @param report the same for people, with registers and what the stack shows, as lines
   */
  record Fault(long guestPc, int code, long guestAddress, String report) {}
}
