package org.capvm.libos.process;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * What a process asks of Linux when memory is short: rather to be killed, or not. It is kept and
 * shown, and inherited by children; a cVM kills nobody for that.
 *
 * @param adjustment from -1000 to 1000
 * @param least the lowest that one without privileges may ask for: what the superuser asked for
 *     last
 */
public record OutOfMemoryScore(int adjustment, int least) {
  /** What a process has that nobody asked anything for. */
  public static final OutOfMemoryScore INITIAL = new OutOfMemoryScore(0, 0);

  private static final int MOST = 1000;

  /**
   * Another adjustment.
   *
   * @throws ErrnoException EINVAL if it is beyond what there is, EACCES if it is not allowed
   */
  public OutOfMemoryScore adjusted(int wanted, boolean privileged) {
    if (wanted < -MOST || wanted > MOST) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (wanted < least && !privileged) {
      throw ErrnoException.of(Errno.EACCES);
    }
    return new OutOfMemoryScore(wanted, privileged ? wanted : least);
  }
}
