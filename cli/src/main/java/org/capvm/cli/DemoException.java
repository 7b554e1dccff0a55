package org.capvm.cli;

/** A program of the demo does not do what it should; the message says which and what. */
final class DemoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DemoException(String message) {
    super(message);
  }
}
