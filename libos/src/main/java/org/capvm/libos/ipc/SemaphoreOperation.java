package org.capvm.libos.ipc;

import java.util.ArrayList;
import java.util.List;
import org.capvm.monitor.memory.GuestMemory;

/**
 * One of the operations that {@code semop} does together: {@code struct sembuf}.
 *
 * @param semaphore its number in the set
 * @param change added to its value; 0 to wait until that is 0
 * @param flags {@code IPC_NOWAIT}, {@code SEM_UNDO}
 */
record SemaphoreOperation(int semaphore, int change, int flags) {
  private static final int BYTES = 6;
  private static final int SEM_UNDO = 010000;

  boolean isUndone() {
    return change != 0 && (flags & SEM_UNDO) != 0;
  }

  boolean mayWait() {
    return (flags & IpcConstants.IPC_NOWAIT) == 0;
  }

  static List<SemaphoreOperation> read(GuestMemory memory, long guestAddress, int count) {
    List<SemaphoreOperation> operations = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long at = guestAddress + (long) i * BYTES;
      operations.add(
          new SemaphoreOperation(
              memory.getShort(at) & 0xffff, memory.getShort(at + 2), memory.getShort(at + 4)));
    }
    return operations;
  }
}
