package org.capvm.libos.ipc;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/** How many adjustments to semaphores a cVM may have noted. Guarded by the namespace's lock. */
final class UndoBudget {
  private static final int LIMIT = 65536;

  private int used;

  /** Takes room for adjustments that are new. */
  void take(int count) {
    if (count > LIMIT - used) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    used += count;
  }

  void give(int count) {
    used -= count;
  }
}
