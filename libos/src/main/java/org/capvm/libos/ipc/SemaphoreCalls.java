package org.capvm.libos.ipc;

import static org.capvm.libos.ipc.IpcConstants.IPC_INFO;
import static org.capvm.libos.ipc.IpcConstants.IPC_RMID;
import static org.capvm.libos.ipc.IpcConstants.IPC_SET;
import static org.capvm.libos.ipc.IpcConstants.IPC_STAT;
import static org.capvm.libos.ipc.IpcConstants.S_IRUGO;
import static org.capvm.libos.ipc.IpcConstants.S_IWUGO;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;
import org.capvm.libos.time.GuestTime;
import org.capvm.monitor.memory.GuestMemory;

/** {@code semget}, {@code semop}, {@code semtimedop} and {@code semctl}. */
final class SemaphoreCalls {
  private static final int GETPID = 11;
  private static final int GETVAL = 12;
  private static final int GETALL = 13;
  private static final int GETNCNT = 14;
  private static final int GETZCNT = 15;
  private static final int SETVAL = 16;
  private static final int SETALL = 17;
  private static final int SEM_STAT = 18;
  private static final int SEM_INFO = 19;
  private static final int SEM_STAT_ANY = 20;

  private SemaphoreCalls() {}

  static long get(Task task, int key, int count, int flags) {
    if (count < 0 || count > IpcNamespace.SEMMSL) {
      return -Errno.EINVAL;
    }
    IpcNamespace namespace = task.libraryOs().ipc();
    synchronized (namespace) {
      return namespace.semaphores.get(
          task,
          key,
          flags,
          found -> {
            if (count > found.count()) {
              throw ErrnoException.of(Errno.EINVAL);
            }
          },
          () -> make(task, key, flags, count));
    }
  }

  private static SemaphoreSet make(Task task, int key, int flags, int count) {
    if (count == 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    IpcNamespace namespace = task.libraryOs().ipc();
    if (semaphores(namespace) + count > IpcNamespace.SEMMNS) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    return new SemaphoreSet(task, key, flags, count, namespace.undoBudget);
  }

  private static int semaphores(IpcNamespace namespace) {
    return namespace.semaphores.all().stream().mapToInt(SemaphoreSet::count).sum();
  }

  static long operate(Task task, int id, long at, long count, long timeout) {
    long deadline =
        timeout == 0
            ? Task.NEVER
            : GuestTime.deadlineAfter(GuestTime.readTimespec(task.memory(), timeout));
    int number = (int) count;
    if (number == 0 || id < 0) {
      return -Errno.EINVAL;
    }
    if (Integer.compareUnsigned(number, IpcNamespace.SEMOPM) > 0) {
      return -Errno.E2BIG;
    }
    List<SemaphoreOperation> operations = SemaphoreOperation.read(task.memory(), at, number);
    boolean alters = operations.stream().anyMatch(each -> each.change() != 0);
    IpcNamespace namespace = task.libraryOs().ipc();
    SemaphoreSet set;
    SemaphoreSet.Waiting waiting;
    synchronized (namespace) {
      set = namespace.semaphores.withId(id);
      if (operations.stream().anyMatch(each -> each.semaphore() >= set.count())) {
        return -Errno.EFBIG;
      }
      set.requirePermission(task.credentials(), alters ? S_IWUGO : S_IRUGO);
      waiting = set.operate(task, operations);
    }
    return waiting == null ? 0 : await(task, namespace, set, waiting, deadline);
  }

  private static long await(
      Task task,
      IpcNamespace namespace,
      SemaphoreSet set,
      SemaphoreSet.Waiting waiting,
      long deadline) {
    int reason = Errno.EAGAIN;
    try {
      boolean inTime = true;
      while (!waiting.isFinished() && inTime) {
        inTime = task.park(deadline);
      }
    } catch (ErrnoException interrupted) {
      // Never made again by itself, whatever the handler says: signal(7).
      reason = Errno.EINTR;
    }
    synchronized (namespace) {
      if (!waiting.isFinished()) {
        set.leave(waiting);
        return -reason;
      }
      return -waiting.errno();
    }
  }

  static long control(Task task, int id, int number, int command, long argument) {
    if (id < 0) {
      return -Errno.EINVAL;
    }
    IpcNamespace namespace = task.libraryOs().ipc();
    IpcTable<SemaphoreSet> sets = namespace.semaphores;
    Credentials caller = task.credentials();
    GuestMemory memory = task.memory();
    synchronized (namespace) {
      return switch (command) {
        case IPC_INFO, SEM_INFO -> {
          information(namespace, command == SEM_INFO).write(memory, argument);
          yield sets.highestIndex();
        }
        case IPC_STAT, SEM_STAT, SEM_STAT_ANY -> {
          SemaphoreSet set = command == IPC_STAT ? sets.withId(id) : sets.atIndex(id);
          if (command != SEM_STAT_ANY) {
            set.requirePermission(caller, S_IRUGO);
          }
          set.structure().write(memory, argument);
          yield command == IPC_STAT ? 0 : set.id();
        }
        case GETALL -> {
          SemaphoreSet set = readable(sets, id, caller);
          for (int i = 0; i < set.count(); i++) {
            memory.putShort(argument + 2L * i, (short) set.value(i));
          }
          yield 0;
        }
        case GETVAL, GETPID, GETNCNT, GETZCNT -> {
          SemaphoreSet set = readable(sets, id, caller);
          requireNumber(set, number);
          yield answer(set, number, command);
        }
        case SETVAL -> {
          setValue(task, sets, id, number, (int) argument);
          yield 0;
        }
        case SETALL -> {
          SemaphoreSet set = sets.withId(id);
          set.requirePermission(caller, S_IWUGO);
          set.setAll(task, readValues(memory, argument, set.count()));
          yield 0;
        }
        case IPC_SET -> {
          IpcObject.Change change = IpcObject.Change.read(memory, argument);
          SemaphoreSet set = sets.withId(id);
          set.requireOwner(caller);
          set.change(change);
          yield 0;
        }
        case IPC_RMID -> {
          SemaphoreSet set = sets.withId(id);
          set.requireOwner(caller);
          sets.remove(set);
          yield 0;
        }
        default -> -Errno.EINVAL;
      };
    }
  }

  private static SemaphoreSet readable(IpcTable<SemaphoreSet> sets, int id, Credentials caller) {
    SemaphoreSet set = sets.withId(id);
    set.requirePermission(caller, S_IRUGO);
    return set;
  }

  private static void requireNumber(SemaphoreSet set, int number) {
    if (number < 0 || number >= set.count()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  private static int answer(SemaphoreSet set, int number, int command) {
    return switch (command) {
      case GETVAL -> set.value(number);
      case GETPID -> set.lastProcess(number);
      case GETNCNT -> set.waiters(number, false);
      default -> set.waiters(number, true);
    };
  }

  private static void setValue(
      Task task, IpcTable<SemaphoreSet> sets, int id, int number, int value) {
    requireValue(value);
    SemaphoreSet set = sets.withId(id);
    requireNumber(set, number);
    set.requirePermission(task.credentials(), S_IWUGO);
    set.set(task, number, value);
  }

  private static int[] readValues(GuestMemory memory, long guestAddress, int count) {
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = memory.getShort(guestAddress + 2L * i) & 0xffff;
    }
    for (int value : values) {
      requireValue(value);
    }
    return values;
  }

  private static void requireValue(int value) {
    if (value < 0 || value > SemaphoreSet.MAX_VALUE) {
      throw ErrnoException.of(Errno.ERANGE);
    }
  }

  /** {@code struct seminfo}. */
  private static IpcStructure information(IpcNamespace namespace, boolean usage) {
    return new IpcStructure(40)
        .putInt(0, IpcNamespace.SEMMNS)
        .putInt(4, IpcNamespace.SEMMNI)
        .putInt(8, IpcNamespace.SEMMNS)
        .putInt(12, IpcNamespace.SEMMNS)
        .putInt(16, IpcNamespace.SEMMSL)
        .putInt(20, IpcNamespace.SEMOPM)
        .putInt(24, IpcNamespace.SEMOPM)
        .putInt(28, usage ? namespace.semaphores.count() : 20)
        .putInt(32, SemaphoreSet.MAX_VALUE)
        .putInt(36, usage ? semaphores(namespace) : SemaphoreSet.MAX_VALUE);
  }
}
