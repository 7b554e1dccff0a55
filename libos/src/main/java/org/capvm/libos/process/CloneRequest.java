package org.capvm.libos.process;

import static org.capvm.libos.abi.CloneFlags.CLONE_CLEAR_SIGHAND;
import static org.capvm.libos.abi.CloneFlags.CLONE_DETACHED;
import static org.capvm.libos.abi.CloneFlags.CLONE_FS;
import static org.capvm.libos.abi.CloneFlags.CLONE_INTO_CGROUP;
import static org.capvm.libos.abi.CloneFlags.CLONE_NEWCGROUP;
import static org.capvm.libos.abi.CloneFlags.CLONE_NEWIPC;
import static org.capvm.libos.abi.CloneFlags.CLONE_NEWNET;
import static org.capvm.libos.abi.CloneFlags.CLONE_NEWNS;
import static org.capvm.libos.abi.CloneFlags.CLONE_NEWPID;
import static org.capvm.libos.abi.CloneFlags.CLONE_NEWUSER;
import static org.capvm.libos.abi.CloneFlags.CLONE_NEWUTS;
import static org.capvm.libos.abi.CloneFlags.CLONE_PARENT_SETTID;
import static org.capvm.libos.abi.CloneFlags.CLONE_PIDFD;
import static org.capvm.libos.abi.CloneFlags.CLONE_SIGHAND;
import static org.capvm.libos.abi.CloneFlags.CLONE_THREAD;
import static org.capvm.libos.abi.CloneFlags.CLONE_VM;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * What {@code clone}, {@code clone3}, {@code fork} and {@code vfork} ask for.
 *
 * @param flags {@code CLONE_} bits
 * @param exitSignal what the parent gets when the child ends, or 0
 * @param stackPointer the child's, or 0 for the parent's
 * @param pidDescriptor where a descriptor for the child is stored in the parent's memory
 * @param parentTid where the child's id is stored in the parent's memory
 * @param childTid where it is stored in the child's, and zeroed at its end
 * @param tls the child's thread pointer
 */
record CloneRequest(
    long flags,
    int exitSignal,
    long stackPointer,
    long pidDescriptor,
    long parentTid,
    long childTid,
    long tls) {
  private static final long NAMESPACES =
      CLONE_NEWNS
          | CLONE_NEWCGROUP
          | CLONE_NEWUTS
          | CLONE_NEWIPC
          | CLONE_NEWUSER
          | CLONE_NEWPID
          | CLONE_NEWNET;

  boolean has(long flag) {
    return (flags & flag) != 0;
  }

  /** Whether the child is a task of the caller's process. */
  boolean isThread() {
    return has(CLONE_THREAD);
  }

  /**
   * Refuses what Linux refuses, and what is not there.
   *
   * @throws ErrnoException EINVAL; EPERM for namespaces
   */
  void check() {
    boolean consistent =
        (!has(CLONE_SIGHAND) || has(CLONE_VM))
            && (!has(CLONE_THREAD) || has(CLONE_SIGHAND))
            && !(has(CLONE_NEWNS) && has(CLONE_FS))
            && !(has(CLONE_CLEAR_SIGHAND) && has(CLONE_SIGHAND))
            && !(has(CLONE_PIDFD) && has(CLONE_THREAD | CLONE_DETACHED))
            && !(has(CLONE_PIDFD) && has(CLONE_PARENT_SETTID) && pidDescriptor == parentTid);
    // Dispositions are a process's here: processes that share them would need more.
    boolean there = !has(CLONE_INTO_CGROUP) && (!has(CLONE_SIGHAND) || has(CLONE_THREAD));
    if (!consistent || !there) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (has(NAMESPACES)) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }
}
