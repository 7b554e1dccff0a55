package org.capvm.libos.futex;

import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * The list of robust mutexes a task holds, which lies in guest memory. When the task ends, each is
 * marked so that its next owner knows, and a waiter is woken (Linux's
 * Documentation/locking/robust-futexes.rst).
 */
public final class RobustList {
  /** Bytes of the list's head, which {@code set_robust_list} checks. */
  public static final int HEAD_BYTES = 24;

  private static final int MAX_ENTRIES = 2048;
  private static final int FUTEX_TID_MASK = 0x3fffffff;
  private static final int FUTEX_OWNER_DIED = 0x40000000;
  private static final int FUTEX_WAITERS = 0x80000000;

  private RobustList() {}

  /**
   * Lets go of all mutexes of an ending task. Stops silently where the list is broken, as Linux
   * does.
   */
  public static void release(Task task) {
    long head = task.robustList();
    if (head == 0) {
      return;
    }
    task.setRobustList(0);
    GuestMemory memory = task.memory();
    try {
      long offset = memory.getLong(head + 8);
      long pending = memory.getLong(head + 16) & ~1L;
      long entry = memory.getLong(head) & ~1L;
      for (int i = 0; entry != head && i < MAX_ENTRIES; i++) {
        long next = memory.getLong(entry) & ~1L;
        if (entry != pending) {
          ownerDied(task, entry + offset);
        }
        entry = next;
      }
      if (pending != 0) {
        ownerDied(task, pending + offset);
      }
    } catch (GuestMemoryFault e) {
      // The guest's own list is wrong; there is nobody to tell.
    }
  }

  private static void ownerDied(Task task, long word) {
    GuestMemory memory = task.memory();
    while (true) {
      int value = memory.getInt(word);
      if ((value & FUTEX_TID_MASK) != task.id()) {
        return;
      }
      int changed = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
      if (memory.compareAndSetInt(word, value, changed)) {
        if ((value & FUTEX_WAITERS) != 0) {
          task.libraryOs().futexes().wakeShared(task, word, 1);
        }
        return;
      }
    }
  }
}
