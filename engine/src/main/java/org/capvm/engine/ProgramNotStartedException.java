package org.capvm.engine;

/** A program could not be started; the message names it and says why, on one line. */
public final class ProgramNotStartedException extends CapVmException {
  private static final long serialVersionUID = 1;

  /** Why a program could not be started, as shells tell it apart. */
  public enum Reason {
    /** There is no such file in the cVM. */
    NOT_FOUND(127),
    /** There is a file, but it cannot be run. */
    NOT_EXECUTABLE(126);

    private final int shellStatus;

    Reason(int shellStatus) {
      this.shellStatus = shellStatus;
    }

    /** The exit status with which shells report it. */
    public int shellStatus() {
      return shellStatus;
    }
  }

  private final Reason reason;

  ProgramNotStartedException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Which of the two it was. */
  public Reason reason() {
    return reason;
  }
}
