package org.capvm.machine.code;

/** There is no room for another translation, or none for one of this program's. */
public final class CodeCacheFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CodeCacheFullException(String message) {
    super(message);
  }
}
