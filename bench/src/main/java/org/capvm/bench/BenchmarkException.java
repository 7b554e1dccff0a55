package org.capvm.bench;

/** A measurement could not be made; the message says which and why. */
final class BenchmarkException extends RuntimeException {
  private static final long serialVersionUID = 1;

  BenchmarkException(String message) {
    super(message);
  }
}
