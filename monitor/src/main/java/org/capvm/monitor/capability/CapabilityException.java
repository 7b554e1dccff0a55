package org.capvm.monitor.capability;

/**
 * A request that a rule of the capability model refuses. Without a stack trace: guests cause it.
 */
public final class CapabilityException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** The handle names nothing, or what it named was revoked. */
    NOT_VALID("no such capability"),
    /** A permission is missing, or more was asked for than the parent has. */
    NOT_PERMITTED("the capability does not permit this"),
    /** The range is not inside the capability's. */
    OUT_OF_RANGE("outside the capability's range"),
    /** Sealed, or not sealed with the seal that was named. */
    SEALED("the capability is sealed"),
    /** The holder has as many capabilities as it may have. */
    QUOTA_EXCEEDED("too many capabilities"),
    /** Nothing is published under the name. */
    UNKNOWN_NAME("nothing is published under this name"),
    /** Something is published under the name. */
    NAME_TAKEN("something is published under this name already"),
    /** The memory on one side is not there. */
    BAD_MEMORY("memory is not there"),
    /** The word does not have the value expected. */
    VALUE_CHANGED("the word has another value"),
    /** The time is over. */
    TIMED_OUT("the time is over"),
    /** Whoever owned the object, or ran the function, has ended or failed. */
    OWNER_GONE("the owner has gone");

    private final String text;

    Reason(String text) {
      this.text = text;
    }
  }

  private final Reason reason;

  /** For a reason. */
  public CapabilityException(Reason reason) {
    super(reason.text, null, false, false);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
