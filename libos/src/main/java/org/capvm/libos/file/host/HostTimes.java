package org.capvm.libos.file.host;

import org.capvm.libos.file.Timestamp;
import org.capvm.libos.host.HostPathcalls;

/** Sets a host file's times from the guest's wishes. */
public final class HostTimes {
  private static final long UTIME_OMIT = 0x3ffffffe;

  private HostTimes() {}

  /**
   * Sets the times of what a descriptor stands for; null leaves one as it is.
   *
   * @return 0 or -errno
   */
  public static long change(int descriptor, Timestamp access, Timestamp modification) {
    return HostPathcalls.changeTimes(
        descriptor,
        access == null ? 0 : access.seconds(),
        access == null ? UTIME_OMIT : access.nanos(),
        modification == null ? 0 : modification.seconds(),
        modification == null ? UTIME_OMIT : modification.nanos());
  }
}
