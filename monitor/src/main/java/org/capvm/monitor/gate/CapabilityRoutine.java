package org.capvm.monitor.gate;

/** What guests can do with their capabilities without leaving translated code for Java. */
public enum CapabilityRoutine {
  /** {@code long cp_file_read(long handle, size_t offset, void *buffer, size_t length)}. */
  CP_FILE_READ,
  /** {@code long cp_file_write(long handle, size_t offset, const void *buffer, size_t length)}. */
  CP_FILE_WRITE,
  /** {@code int cp_file_notify(long handle, size_t offset, int count)}. */
  CP_FILE_NOTIFY;

  /** The first of the system-call numbers that are CapVM's own, far above Linux's. */
  public static final int FIRST_SYSTEM_CALL = 0x4341_0000;

  /**
   * The system call that does the same in full; the routine makes it when there is an error to
   * report, somebody to wake, or more to do than a routine does.
   */
  public int systemCallNumber() {
    return FIRST_SYSTEM_CALL + ordinal();
  }
}
