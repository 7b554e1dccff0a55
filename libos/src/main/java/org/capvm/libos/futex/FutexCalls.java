package org.capvm.libos.futex;

import java.util.function.IntUnaryOperator;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.process.Task;
import org.capvm.libos.time.GuestTime;
import org.capvm.monitor.memory.GuestMemory;

/** The futex system calls. */
final class FutexCalls {
  private static final int FUTEX_PRIVATE_FLAG = 128;
  private static final int FUTEX_CLOCK_REALTIME = 256;
  private static final int ANY_BITSET = -1;

  /** The operations that there are, by Linux's names and numbers. */
  private enum Operation {
    FUTEX_WAIT(0),
    FUTEX_WAKE(1),
    FUTEX_REQUEUE(3),
    FUTEX_CMP_REQUEUE(4),
    FUTEX_WAKE_OP(5),
    FUTEX_WAIT_BITSET(9),
    FUTEX_WAKE_BITSET(10);

    private static final Operation[] ALL = values();

    private final int number;

    Operation(int number) {
      this.number = number;
    }

    /** Returns null for a number that is none's. */
    private static Operation of(int number) {
      for (Operation operation : ALL) {
        if (operation.number == number) {
          return operation;
        }
      }
      return null;
    }
  }

  private FutexCalls() {}

  static long futex(Task task, long word, long op, long val, long timeout, long word2, long val3) {
    Operation operation = Operation.of((int) op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME));
    boolean isPrivate = (op & FUTEX_PRIVATE_FLAG) != 0;
    boolean realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    boolean waits = operation == Operation.FUTEX_WAIT || operation == Operation.FUTEX_WAIT_BITSET;
    if (timeout != 0 && waits) {
      // EFAULT and EINVAL for the time come before all else.
      GuestTime.readTimespec(task.memory(), timeout);
    }
    if (operation == null || (realtime && operation != Operation.FUTEX_WAIT_BITSET)) {
      return -Errno.ENOSYS;
    }
    if ((word & 3) != 0) {
      return -Errno.EINVAL;
    }
    AddressLayout.requireUserRange(word, Integer.BYTES);
    return switch (operation) {
      case FUTEX_WAIT -> wait(task, word, (int) val, isPrivate, relative(task, timeout));
      case FUTEX_WAIT_BITSET ->
          waitBitset(task, word, (int) val, (int) val3, isPrivate, realtime, timeout);
      case FUTEX_WAKE -> wake(task, word, (int) val, ANY_BITSET, isPrivate);
      case FUTEX_WAKE_BITSET ->
          (int) val3 == 0 ? -Errno.EINVAL : wake(task, word, (int) val, (int) val3, isPrivate);
      case FUTEX_REQUEUE -> requeue(task, word, val, timeout, word2, isPrivate, null);
      case FUTEX_CMP_REQUEUE -> requeue(task, word, val, timeout, word2, isPrivate, (int) val3);
      case FUTEX_WAKE_OP -> wakeOperation(task, word, val, timeout, word2, (int) val3, isPrivate);
    };
  }

  private static long relative(Task task, long timeout) {
    if (timeout == 0) {
      return Task.NEVER;
    }
    return GuestTime.deadlineAfter(GuestTime.readTimespec(task.memory(), timeout));
  }

  private static long wait(Task task, long word, int value, boolean isPrivate, long deadline) {
    FutexTable table = task.libraryOs().futexes();
    FutexKey key = FutexTable.key(task, word, isPrivate);
    try {
      table.await(task, key, word, value, ANY_BITSET, deadline);
    } catch (ErrnoException e) {
      if (e.errno() != Errno.ERESTARTSYS || deadline == Task.NEVER) {
        throw e;
      }
      task.setRestart(
          (again, a0, a1, a2, a3, a4, a5) -> wait(again, word, value, isPrivate, deadline));
      return -Errno.ERESTART_RESTARTBLOCK;
    }
    return 0;
  }

  private static long waitBitset(
      Task task,
      long word,
      int value,
      int bitset,
      boolean isPrivate,
      boolean realtime,
      long timeout) {
    if (bitset == 0) {
      return -Errno.EINVAL;
    }
    long deadline = Task.NEVER;
    if (timeout != 0) {
      long when = GuestTime.readTimespec(task.memory(), timeout);
      int clock = realtime ? GuestTime.CLOCK_REALTIME : GuestTime.CLOCK_MONOTONIC;
      deadline = GuestTime.deadlineAt(clock, when);
    }
    FutexKey key = FutexTable.key(task, word, isPrivate);
    task.libraryOs().futexes().await(task, key, word, value, bitset, deadline);
    return 0;
  }

  private static long wake(Task task, long word, int count, int bitset, boolean isPrivate) {
    FutexKey key = FutexTable.key(task, word, isPrivate);
    return task.libraryOs().futexes().wake(key, Math.max(1, count), bitset);
  }

  private static long requeue(
      Task task,
      long word,
      long wakeCount,
      long moveCount,
      long word2,
      boolean isPrivate,
      Integer expected) {
    if ((int) wakeCount < 0 || (int) moveCount < 0 || (word2 & 3) != 0) {
      return -Errno.EINVAL;
    }
    FutexKey from = FutexTable.key(task, word, isPrivate);
    FutexKey to = FutexTable.key(task, word2, isPrivate);
    return task.libraryOs()
        .futexes()
        .requeue(task, from, word, to, (int) wakeCount, (int) moveCount, expected);
  }

  private static long wakeOperation(
      Task task, long word, long count, long count2, long word2, int encoded, boolean isPrivate) {
    if ((word2 & 3) != 0) {
      return -Errno.EINVAL;
    }
    int operation = (encoded >>> 28) & 7;
    boolean shifted = (encoded >>> 31) != 0;
    int comparison = (encoded >>> 24) & 15;
    int operand = (encoded << 8) >> 20;
    int argument = shifted ? 1 << (operand & 31) : operand;
    int compared = (encoded << 20) >> 20;
    if (operation > 4 || comparison > 5) {
      return -Errno.ENOSYS;
    }
    FutexKey first = FutexTable.key(task, word, isPrivate);
    FutexKey second = FutexTable.key(task, word2, isPrivate);
    return task.libraryOs()
        .futexes()
        .wakeAndOperate(
            task,
            first,
            second,
            word2,
            (int) count,
            (int) count2,
            (memory, address) -> {
              int old =
                  switch (operation) {
                    case 0 -> memory.getAndSetInt(address, argument);
                    case 1 -> memory.getAndAddInt(address, argument);
                    case 2 -> getAndUpdate(memory, address, value -> value | argument);
                    case 3 -> getAndUpdate(memory, address, value -> value & ~argument);
                    default -> getAndUpdate(memory, address, value -> value ^ argument);
                  };
              return switch (comparison) {
                case 0 -> old == compared;
                case 1 -> old != compared;
                case 2 -> old < compared;
                case 3 -> old <= compared;
                case 4 -> old > compared;
                default -> old >= compared;
              };
            });
  }

  private static int getAndUpdate(GuestMemory memory, long address, IntUnaryOperator change) {
    while (true) {
      int seen = memory.getInt(address);
      if (memory.compareAndSetInt(address, seen, change.applyAsInt(seen))) {
        return seen;
      }
    }
  }

  static long setRobustList(Task task, long head, long length, long a2, long a3, long a4, long a5) {
    if (length != RobustList.HEAD_BYTES) {
      return -Errno.EINVAL;
    }
    task.setRobustList(head);
    return 0;
  }

  static long getRobustList(
      Task task, long id, long headOut, long lengthOut, long a3, long a4, long a5) {
    Task wanted = id == 0 ? task : task.libraryOs().processes().task((int) id);
    if (wanted == null) {
      return -Errno.ESRCH;
    }
    task.memory().putLong(lengthOut, RobustList.HEAD_BYTES);
    task.memory().putLong(headOut, wanted.robustList());
    return 0;
  }
}
