package org.capvm.machine.code;

/** The code cache has no room for another translation. */
public final class CodeCacheFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CodeCacheFullException(long capacityBytes) {
    super(
        "the code cache of "
            + (capacityBytes >> 20)
            + " MiB is full; give it more, or run fewer different programs");
  }
}
