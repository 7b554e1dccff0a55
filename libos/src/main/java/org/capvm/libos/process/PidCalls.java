package org.capvm.libos.process;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.FileDescription;

/** {@code pidfd_open} and {@code pidfd_getfd}. */
final class PidCalls {
  private PidCalls() {}

  static long open(Task task, int id, int flags) {
    if ((flags & ~OpenFlags.O_NONBLOCK) != 0 || id <= 0) {
      return -Errno.EINVAL;
    }
    ProcessTable table = task.libraryOs().processes();
    Process process = table.process(id);
    if (process == null) {
      // Threads besides the first have no descriptors.
      return table.task(id) == null ? -Errno.ESRCH : -Errno.EINVAL;
    }
    return task.install(new PidDescriptor(process, flags), true);
  }

  static long getDescriptor(Task task, int descriptor, int wanted, int flags) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    Process process = process(task, descriptor);
    Credentials own = task.credentials();
    Credentials other = process.credentials();
    boolean sameUser =
        own.uid() == other.euid() && own.uid() == other.suid() && own.uid() == other.uid();
    if (process.tasks().isEmpty()) {
      return -Errno.ESRCH;
    }
    if (process != task.process() && !own.isPrivileged() && !(sameUser && process.isDumpable())) {
      return -Errno.EPERM;
    }
    return task.install(process.tasks().getFirst().files().get(wanted), true);
  }

  static boolean isNonBlocking(Task task, int descriptor) {
    FileDescription file = task.files().get(descriptor);
    try {
      return file.isNonBlocking();
    } finally {
      file.release();
    }
  }

  /**
   * The process that a descriptor stands for.
   *
   * @throws ErrnoException EBADF if it stands for none
   */
  static Process process(Task task, int descriptor) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!(file instanceof PidDescriptor pid)) {
        throw ErrnoException.of(Errno.EBADF);
      }
      return pid.process();
    } finally {
      file.release();
    }
  }
}
