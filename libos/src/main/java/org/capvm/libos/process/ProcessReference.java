package org.capvm.libos.process;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.DirectoryDescription;
import org.capvm.libos.file.FileDescription;

/** Stands for a process, which may have ended and been waited for. */
public interface ProcessReference {
  /** The process. */
  Process process();

  /** Whether the process ended and somebody has waited for it. */
  default boolean isGone() {
    Process process = process();
    return process.libraryOs().processes().process(process.id()) != process;
  }

  /**
   * What an open file stands for, as {@code pidfd_send_signal} takes it: a descriptor of a process,
   * or an open {@code /proc/PID}.
   *
   * @throws ErrnoException EBADF if it stands for none
   */
  static ProcessReference of(FileDescription file) {
    if (file instanceof ProcessReference reference) {
      return reference;
    }
    if (file instanceof DirectoryDescription
        && file.location().inode() instanceof ProcessReference reference) {
      return reference;
    }
    throw ErrnoException.of(Errno.EBADF);
  }
}
