package org.capvm.cli;

/** What a file for {@code cvm up} asks cannot be; the message says what, and where in the file. */
final class ComposeException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ComposeException(String message) {
    super(message);
  }
}
