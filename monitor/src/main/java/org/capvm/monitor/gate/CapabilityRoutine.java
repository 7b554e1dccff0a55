package org.capvm.monitor.gate;

/** What guests can do with their capabilities without leaving translated code for Java. */
public enum CapabilityRoutine {
  /** {@code long cp_file_read(long handle, size_t offset, void *buffer, size_t length)}. */
  CP_FILE_READ(0),
  /** {@code long cp_file_write(long handle, size_t offset, const void *buffer, size_t length)}. */
  CP_FILE_WRITE(1),
  /** {@code int cp_file_notify(long handle, size_t offset, int count)}. */
  CP_FILE_NOTIFY(2),
  /** Where an exported function returns to, with its result. */
  CP_CALL_RETURN(14),
  /**
   * {@code int cp_call(long handle, const long words[6], long *result, const struct timespec
   * *timeout)}.
   */
  CP_CALL(17);

  /** The first of the system-call numbers that are CapVM's own, far above Linux's. */
  public static final int FIRST_SYSTEM_CALL = 0x4341_0000;

  /**
   * What a caller seems to have asked for when its call cannot end in machine code: {@code
   * cp_call_continue(handle, words, result)}.
   */
  public static final int CP_CALL_CONTINUE = FIRST_SYSTEM_CALL + 20;

  /**
   * What a caller seems to have asked for when its call is over and other callers wait: {@code
   * cp_call_wake(handle, answer)}.
   */
  public static final int CP_CALL_WAKE = FIRST_SYSTEM_CALL + 21;

  private final int index;

  CapabilityRoutine(int index) {
    this.index = index;
  }

  /**
   * The system call that does the same in full; the routine makes it when there is an error to
   * report, somebody to wake, or more to do than a routine does.
   */
  public int systemCallNumber() {
    return FIRST_SYSTEM_CALL + index;
  }
}
