package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.Whence.SEEK_CUR;
import static org.capvm.libos.abi.Whence.SEEK_END;
import static org.capvm.libos.abi.Whence.SEEK_SET;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.lock.FileLocks;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/**
 * {@code fcntl}'s record locks.
 *
 * <pre>
 *   struct flock: 0 type (2 bytes)  2 whence (2 bytes)  8 start  16 length  24 pid (4 bytes)
 * </pre>
 */
final class RecordLocks {
  private static final int F_RDLCK = 0;
  private static final int F_WRLCK = 1;
  private static final int F_UNLCK = 2;

  private RecordLocks() {}

  static void test(Task task, FileDescription file, int command, long address) {
    GuestMemory memory = task.memory();
    FileLocks.Lock wanted = read(task, file, command, address);
    FileLocks.Lock obstacle = FileLocks.obstacle(file.status(), wanted);
    if (obstacle == null) {
      memory.putShort(address, (short) F_UNLCK);
      return;
    }
    memory.putShort(address, (short) (obstacle.exclusive() ? F_WRLCK : F_RDLCK));
    memory.putShort(address + 2, (short) SEEK_SET);
    memory.putLong(address + 8, obstacle.start());
    boolean open = obstacle.end() == FileLocks.TO_THE_END;
    memory.putLong(address + 16, open ? 0 : obstacle.end() - obstacle.start() + 1);
    memory.putInt(address + 24, obstacle.processId());
  }

  static void set(Task task, FileDescription file, int command, long address) {
    int type = task.memory().getShort(address);
    FileLocks.Lock wanted = read(task, file, command, address);
    if (type == F_UNLCK) {
      FileLocks.unlock(file.status(), wanted, false);
      return;
    }
    if ((type == F_RDLCK && !file.isReadable()) || (type == F_WRLCK && !file.isWritable())) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (isOpenFileLock(command)) {
      file.markLockOwner();
    } else {
      task.files().markLockOwner();
    }
    boolean wait = command == OpenFlags.F_SETLKW || command == OpenFlags.F_OFD_SETLKW;
    FileLocks.lock(task, file.status(), wanted, false, wait, task.libraryOs().memoryLimit());
  }

  private static boolean isOpenFileLock(int command) {
    return command == OpenFlags.F_OFD_GETLK
        || command == OpenFlags.F_OFD_SETLK
        || command == OpenFlags.F_OFD_SETLKW;
  }

  private static FileLocks.Lock read(Task task, FileDescription file, int command, long address) {
    GuestMemory memory = task.memory();
    int type = memory.getShort(address);
    int whence = memory.getShort(address + 2);
    long start = memory.getLong(address + 8);
    long length = memory.getLong(address + 16);
    if (type < F_RDLCK || type > F_UNLCK) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    boolean openFile = isOpenFileLock(command);
    if (openFile && memory.getInt(address + 24) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    start +=
        switch (whence) {
          case SEEK_SET -> 0;
          case SEEK_CUR -> file.seek(task, 0, SEEK_CUR);
          case SEEK_END -> file.status().size();
          default -> throw ErrnoException.of(Errno.EINVAL);
        };
    long end = length == 0 ? FileLocks.TO_THE_END : start + length - 1;
    if (length < 0) {
      end = start - 1;
      start += length;
    }
    if (start < 0 || end < start) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    Object owner = openFile ? file : task.files();
    int processId = openFile ? -1 : task.process().id();
    return new FileLocks.Lock(owner, processId, start, end, type == F_WRLCK);
  }
}
