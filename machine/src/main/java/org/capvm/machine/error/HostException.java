package org.capvm.machine.error;

/** A call to the host that failed, with its errno. */
public final class HostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * @param call the call that failed, with what helps to understand why
   * @param errno the host's error number, positive
   */
  public HostException(String call, int errno) {
    super(call + " failed: errno " + errno);
    this.errno = errno;
  }

  /** The host's error number, positive, with Linux's numbering on x86-64. */
  public int errno() {
    return errno;
  }
}
