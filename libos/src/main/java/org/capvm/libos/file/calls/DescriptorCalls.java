package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.FD_CLOEXEC;
import static org.capvm.libos.abi.OpenFlags.O_CLOEXEC;
import static org.capvm.libos.abi.Whence.SEEK_CUR;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.DirectoryDescription;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.file.lock.FileLocks;
import org.capvm.libos.file.pipe.PipeEnd;
import org.capvm.libos.file.watch.DirectoryNotice;
import org.capvm.libos.process.ProcessTable;
import org.capvm.libos.process.Task;

/**
 * Calls on descriptors as such: {@code dup}, {@code fcntl}, {@code ioctl}, {@code flock}, {@code
 * pipe}.
 */
final class DescriptorCalls {
  /** {@code F_UNLCK}, what {@code F_GETLEASE} says of a file without a lease. */
  private static final int UNLEASED = 2;

  /** {@code struct f_owner_ex}'s types. */
  private static final int OWNER_THREAD = 0;

  private static final int OWNER_PROCESS = 1;
  private static final int OWNER_GROUP = 2;

  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int LOCK_UN = 8;
  private static final int LOCK_MAND = 32;

  private DescriptorCalls() {}

  static long dup(Task task, int descriptor) {
    FileDescription file = task.files().getAny(descriptor);
    return task.files().install(file, false, 0, Arguments.descriptorLimit(task));
  }

  static long dup2(Task task, int old, int wanted) {
    if (old == wanted) {
      task.files().getAny(old).release();
      return wanted;
    }
    return dup3(task, old, wanted, 0);
  }

  static long dup3(Task task, int old, int wanted, int flags) {
    if ((flags & ~O_CLOEXEC) != 0 || old == wanted) {
      return -Errno.EINVAL;
    }
    if (wanted < 0 || wanted >= Arguments.descriptorLimit(task)) {
      return -Errno.EBADF;
    }
    FileDescription file = task.files().getAny(old);
    task.files().replace(wanted, file, flags != 0);
    return wanted;
  }

  static long pipe2(Task task, long result, int flags) {
    int known = O_CLOEXEC | OpenFlags.O_NONBLOCK | OpenFlags.O_DIRECT;
    if ((flags & ~known) != 0) {
      return -Errno.EINVAL;
    }
    PipeEnd[] ends = PipeEnd.pair(flags, task.libraryOs().memoryLimit());
    int reader = -1;
    int writer = -1;
    try {
      reader = Arguments.install(task, ends[0], flags);
      writer = Arguments.install(task, ends[1], flags);
      task.memory().putInt(result, reader);
      task.memory().putInt(result + Integer.BYTES, writer);
      return 0;
    } catch (RuntimeException failed) {
      if (reader < 0) {
        ends[1].release();
      } else {
        task.files().close(reader);
      }
      if (writer >= 0) {
        task.files().close(writer);
      }
      throw failed;
    }
  }

  static long fcntl(Task task, int descriptor, int command, long argument) {
    FileDescription file = task.files().getAny(descriptor);
    try {
      return switch (command) {
        case OpenFlags.F_DUPFD -> duplicate(task, file, argument & 0xFFFFFFFFL, false);
        case OpenFlags.F_DUPFD_CLOEXEC -> duplicate(task, file, argument & 0xFFFFFFFFL, true);
        case OpenFlags.F_GETFD -> task.files().isCloseOnExec(descriptor) ? FD_CLOEXEC : 0;
        case OpenFlags.F_SETFD -> {
          task.files().setCloseOnExec(descriptor, (argument & FD_CLOEXEC) != 0);
          yield 0;
        }
        case OpenFlags.F_GETFL -> file.flags();
        default -> {
          if (file.has(OpenFlags.O_PATH)) {
            throw ErrnoException.of(Errno.EBADF);
          }
          if (command == OpenFlags.F_NOTIFY) {
            yield notifyOf(task, descriptor, file, (int) argument);
          }
          yield fileCommand(task, file, command, argument);
        }
      };
    } finally {
      file.release();
    }
  }

  private static long fileCommand(Task task, FileDescription file, int command, long argument) {
    switch (command) {
      case OpenFlags.F_SETFL -> file.changeFlags((int) argument);
      case OpenFlags.F_GETLK, OpenFlags.F_OFD_GETLK ->
          RecordLocks.test(task, file, command, argument);
      case OpenFlags.F_SETLK, OpenFlags.F_SETLKW, OpenFlags.F_OFD_SETLK, OpenFlags.F_OFD_SETLKW ->
          RecordLocks.set(task, file, command, argument);
      case OpenFlags.F_SETOWN -> file.changeOwner((int) argument);
      case OpenFlags.F_GETOWN -> {
        return file.owner();
      }
      case OpenFlags.F_SETOWN_EX -> {
        return changeOwner(task, file, argument);
      }
      case OpenFlags.F_GETOWN_EX -> {
        int owner = file.owner();
        task.memory().putInt(argument, owner < 0 ? OWNER_GROUP : OWNER_PROCESS);
        task.memory().putInt(argument + Integer.BYTES, Math.abs(owner));
      }
      case OpenFlags.F_SETPIPE_SZ -> {
        return pipe(file).pipe().changeCapacity(argument & 0xFFFFFFFFL);
      }
      case OpenFlags.F_GETPIPE_SZ -> {
        return pipe(file).pipe().capacity();
      }
      case OpenFlags.F_ADD_SEALS -> {
        if (!file.isWritable()) {
          throw ErrnoException.of(Errno.EPERM);
        }
        file.addSeals((int) argument);
      }
      case OpenFlags.F_GET_SEALS -> {
        return file.seals();
      }
      case OpenFlags.F_SETSIG -> {
        if (argument != 0 && (argument != (int) argument || !Signal.isValid((int) argument))) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        file.changeOwnerSignal((int) argument);
      }
      case OpenFlags.F_GETSIG -> {
        return file.ownerSignal();
      }
      case OpenFlags.F_GETLEASE -> {
        return UNLEASED;
      }
      default -> throw ErrnoException.of(Errno.EINVAL);
    }
    return 0;
  }

  private static long changeOwner(Task task, FileDescription file, long structure) {
    int type = task.memory().getInt(structure);
    int id = task.memory().getInt(structure + Integer.BYTES);
    ProcessTable table = task.libraryOs().processes();
    boolean exists =
        switch (type) {
          case OWNER_THREAD -> table.task(id) != null;
          case OWNER_PROCESS -> table.process(id) != null;
          case OWNER_GROUP ->
              table.processes().stream().anyMatch(each -> each.processGroup() == id);
          default -> throw ErrnoException.of(Errno.EINVAL);
        };
    if (id != 0 && !exists) {
      return -Errno.ESRCH;
    }
    // A single thread as owner is told as its process is.
    int process = type == OWNER_THREAD && id != 0 ? table.task(id).process().id() : id;
    file.changeOwner(type == OWNER_GROUP ? -id : process);
    return 0;
  }

  private static long notifyOf(Task task, int descriptor, FileDescription file, int events) {
    if ((events & ~DirectoryNotice.DN_MULTISHOT) == 0) {
      task.files().endNotice(file);
      return 0;
    }
    if (!(file instanceof DirectoryDescription)) {
      return -Errno.ENOTDIR;
    }
    task.files().notifyOf(file, descriptor, events, task.process());
    if (file.owner() == 0) {
      file.changeOwner(task.process().id());
    }
    return 0;
  }

  private static long duplicate(
      Task task, FileDescription file, long minimum, boolean onExecClose) {
    long limit = Arguments.descriptorLimit(task);
    if (minimum >= limit) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    file.retain();
    return task.files().install(file, onExecClose, (int) minimum, limit);
  }

  private static PipeEnd pipe(FileDescription file) {
    if (file instanceof PipeEnd end) {
      return end;
    }
    throw ErrnoException.of(Errno.EBADF);
  }

  static long ioctl(Task task, int descriptor, int request, long argument) {
    FileDescription file = task.files().get(descriptor);
    try {
      return switch (request) {
        case IoctlCodes.FIOCLEX, IoctlCodes.FIONCLEX -> {
          task.files().setCloseOnExec(descriptor, request == IoctlCodes.FIOCLEX);
          yield 0L;
        }
        case IoctlCodes.FIONBIO -> {
          boolean on = task.memory().getInt(argument) != 0;
          int flags = file.flags() & ~OpenFlags.O_NONBLOCK;
          file.changeFlags(on ? flags | OpenFlags.O_NONBLOCK : flags);
          yield 0L;
        }
        case IoctlCodes.FIOASYNC -> {
          boolean on = task.memory().getInt(argument) != 0;
          int flags = file.flags() & ~OpenFlags.O_ASYNC;
          file.changeFlags(on ? flags | OpenFlags.O_ASYNC : flags);
          yield 0L;
        }
        case IoctlCodes.FIONREAD -> {
          if (!(file instanceof RegularFile)) {
            yield file.control(task, request, argument);
          }
          long left = file.status().size() - file.seek(task, 0, SEEK_CUR);
          task.memory().putInt(argument, (int) left);
          yield 0L;
        }
        default -> file.control(task, request, argument);
      };
    } finally {
      file.release();
    }
  }

  static long flock(Task task, int descriptor, int operation) {
    if ((operation & LOCK_MAND) != 0) {
      // Mandatory locks, which Linux had once: it takes the call and does nothing.
      return 0;
    }
    int kind = operation & ~LOCK_NB;
    if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      FileLocks.Lock lock =
          new FileLocks.Lock(file, task.process().id(), 0, FileLocks.TO_THE_END, kind == LOCK_EX);
      if (kind == LOCK_UN) {
        FileLocks.unlock(file.status(), lock, true);
      } else {
        file.markLockOwner();
        boolean wait = (operation & LOCK_NB) == 0;
        FileLocks.lock(task, file.status(), lock, true, wait, task.libraryOs().memoryLimit());
      }
      return 0;
    } finally {
      file.release();
    }
  }
}
