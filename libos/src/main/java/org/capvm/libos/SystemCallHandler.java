package org.capvm.libos;

import org.capvm.libos.process.Task;

/**
 * What one system call does. Runs on the calling task's own thread. Integer arguments arrive as the
 * guest's 64-bit registers: a handler narrows them as Linux's prototype does ({@code (int) fd}).
 */
@FunctionalInterface
public interface SystemCallHandler {
  /**
   * Carries the call out.
   *
   * @return the value for rax: a result, or -errno (-4095..-1)
   * @throws ErrnoException to return -errno
   * @throws org.capvm.monitor.memory.GuestMemoryFault to return -EFAULT
   */
  long call(Task task, long a0, long a1, long a2, long a3, long a4, long a5);
}
