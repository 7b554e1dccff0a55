package org.capvm.libos.file.poll;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/**
 * The signal mask that {@code ppoll}, {@code pselect6} and {@code epoll_pwait} put in place for the
 * time of the call.
 *
 * <p>An interrupted call leaves it in place: whoever delivers the signal ends it, so that the
 * handler that the mask let through still runs.
 */
public final class TemporaryMask {
  private static final int SET_BYTES = 8;

  private TemporaryMask() {}

  /** A call that waits. */
  @FunctionalInterface
  public interface Wait {
    /** Waits and returns the call's result. */
    long run();
  }

  /**
   * Waits with the mask at a guest address, or without a change if that is 0.
   *
   * @param setBytes what the guest says the size of a set is; EINVAL if it is not 8
   */
  public static long with(Task task, long maskAddress, long setBytes, Wait wait) {
    if (maskAddress == 0) {
      return wait.run();
    }
    if (setBytes != SET_BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    task.signals().setTemporaryMask(task.memory().getLong(maskAddress));
    long result;
    try {
      result = wait.run();
    } catch (ErrnoException failed) {
      if (failed.errno() != Errno.EINTR && failed.errno() != Errno.ERESTARTNOHAND) {
        task.signals().restoreMask();
      }
      throw failed;
    }
    task.signals().restoreMask();
    return result;
  }
}
