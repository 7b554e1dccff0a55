package org.capvm.libos;

/**
 * A group of rows of the system-call table. A family is a switch over numbers whose cases are the
 * rows: a row, and the class behind its handler, is linked only when a program first makes the
 * call, which keeps start-up short.
 */
@FunctionalInterface
public interface SystemCallFamily {
  /** The family's row for a system-call number, or null if the call belongs to another family. */
  SystemCall row(int number);
}
