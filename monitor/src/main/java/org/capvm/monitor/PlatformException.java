package org.capvm.monitor;

/**
 * Something that CapVM needs is missing on this machine. The message is one line that says what.
 */
public final class PlatformException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what is missing, and what would help
   */
  public PlatformException(String message) {
    super(message);
  }

  /**
   * @param message what is missing, and what would help
   * @param cause how that showed
   */
  public PlatformException(String message, Throwable cause) {
    super(message, cause);
  }
}
