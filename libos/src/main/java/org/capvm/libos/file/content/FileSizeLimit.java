package org.capvm.libos.file.content;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Task;

/**
 * RLIMIT_FSIZE: how long a process may make regular files. Whoever would go beyond it gets SIGXFSZ
 * and EFBIG; see setrlimit(2). No task, no limit.
 */
public final class FileSizeLimit {
  private FileSizeLimit() {}

  /** Whether a task is limited at all. */
  public static boolean isSet(Task task) {
    return task != null && limit(task) != Resource.RLIM_INFINITY;
  }

  /**
   * How many bytes of a write are allowed.
   *
   * @param position of the first of them in the file
   * @throws ErrnoException EFBIG, with SIGXFSZ sent, if the position is at the limit already
   */
  public static long admit(Task task, long position, long lengthBytes) {
    if (!isSet(task)) {
      return lengthBytes;
    }
    long limit = limit(task);
    if (Long.compareUnsigned(position, limit) >= 0) {
      throw exceeded(task);
    }
    long room = limit - position;
    return Long.compareUnsigned(lengthBytes, room) > 0 ? room : lengthBytes;
  }

  /** EFBIG, with SIGXFSZ sent, if a file would grow to more than the limit. */
  public static void requireSize(Task task, long oldSizeBytes, long newSizeBytes) {
    if (newSizeBytes > oldSizeBytes
        && isSet(task)
        && Long.compareUnsigned(newSizeBytes, limit(task)) > 0) {
      throw exceeded(task);
    }
  }

  private static long limit(Task task) {
    return task.limits().soft(Resource.RLIMIT_FSIZE);
  }

  private static ErrnoException exceeded(Task task) {
    task.process().signal(Signal.SIGXFSZ);
    return ErrnoException.of(Errno.EFBIG);
  }
}
