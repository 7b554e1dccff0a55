package org.capvm.libos;

/** How much of a system call is there. */
public enum SupportLevel {
  /** Behaves as Linux's. */
  DONE,
  /** Works for common uses; the row's note says what is missing. */
  PARTIAL,
  /** Answered on purpose with an error a program must expect; the note says which and why. */
  REFUSED,
  /** Not written: returns ENOSYS and is counted. */
  MISSING
}
