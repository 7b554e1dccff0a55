package org.capvm.libos.futex;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.memory.MappedFile;
import org.capvm.libos.memory.MemoryArea;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/** Where the tasks of a cVM wait for futexes. Thread-safe. */
public final class FutexTable {
  private static final int BUCKETS = 256;
  private static final int ANY_BITSET = -1;

  private final Bucket[] buckets = new Bucket[BUCKETS];

  private static final class Bucket {
    /** Two locks are taken in this order. */
    final int index;

    final ArrayDeque<Waiter> waiters = new ArrayDeque<>();

    Bucket(int index) {
      this.index = index;
    }
  }

  private static final class Waiter {
    final Task task;
    final int bitset;
    volatile FutexKey key;
    volatile boolean woken;

    Waiter(Task task, FutexKey key, int bitset) {
      this.task = task;
      this.key = key;
      this.bitset = bitset;
    }
  }

  /** Changes a word and says whether to wake a second one, for {@code FUTEX_WAKE_OP}. */
  @FunctionalInterface
  interface WordOperation {
    boolean apply(GuestMemory memory, long guestAddress);
  }

  /** No task waits. */
  public FutexTable() {
    for (int i = 0; i < BUCKETS; i++) {
      buckets[i] = new Bucket(i);
    }
  }

  /**
   * What a word is known by.
   *
   * @param isPrivate whether the caller promises that only its own address space uses the word
   */
  static FutexKey key(Task task, long guestAddress, boolean isPrivate) {
    if (!isPrivate) {
      MemoryArea area = task.addressSpace().areaAt(guestAddress);
      if (area == null) {
        throw ErrnoException.of(Errno.EFAULT);
      }
      MappedFile file = area.file();
      if (area.isShared() && file != null) {
        long offset = guestAddress - area.start() + area.fileOffset();
        return new FutexKey(null, file.device(), file.inode(), offset);
      }
    }
    return FutexKey.inSpace(task.addressSpace(), guestAddress);
  }

  private Bucket bucket(FutexKey key) {
    int hash = key.hashCode();
    return buckets[(hash ^ (hash >>> 9)) & (BUCKETS - 1)];
  }

  /**
   * Waits while a word has a value.
   *
   * @param deadlineNanos in terms of {@link System#nanoTime}, or {@link Task#NEVER}
   * @throws ErrnoException EAGAIN if it has another one, ETIMEDOUT, ERESTARTSYS
   */
  void await(
      Task task, FutexKey key, long guestAddress, int expected, int bitset, long deadlineNanos) {
    Waiter waiter = new Waiter(task, key, bitset);
    Bucket bucket = bucket(key);
    synchronized (bucket) {
      if (task.memory().getInt(guestAddress) != expected) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      bucket.waiters.add(waiter);
    }
    try {
      while (!waiter.woken) {
        if (!task.park(deadlineNanos) && !waiter.woken) {
          throw ErrnoException.of(Errno.ETIMEDOUT);
        }
      }
    } catch (ErrnoException e) {
      if (!remove(waiter)) {
        return;
      }
      throw e;
    }
  }

  /** Takes a waiter out; returns false if it had been woken meanwhile. */
  private boolean remove(Waiter waiter) {
    while (true) {
      FutexKey key = waiter.key;
      Bucket bucket = bucket(key);
      synchronized (bucket) {
        if (waiter.woken) {
          return false;
        }
        if (waiter.key == key) {
          bucket.waiters.remove(waiter);
          return true;
        }
      }
    }
  }

  /** Wakes tasks that wait for a word with a bitset in common. Returns how many. */
  int wake(FutexKey key, int count, int bitset) {
    List<Task> woken = new ArrayList<>();
    Bucket bucket = bucket(key);
    synchronized (bucket) {
      take(bucket, key, count, bitset, woken);
    }
    woken.forEach(Task::wake);
    return woken.size();
  }

  /** Wakes one task or more that wait for a word of the task's memory, private or shared. */
  public void wakeShared(Task task, long guestAddress, int count) {
    wake(FutexKey.inSpace(task.addressSpace(), guestAddress), count, ANY_BITSET);
    FutexKey shared = key(task, guestAddress, false);
    if (shared.space() == null) {
      wake(shared, count, ANY_BITSET);
    }
  }

  private static void take(Bucket bucket, FutexKey key, int count, int bitset, List<Task> woken) {
    int left = count;
    Iterator<Waiter> each = bucket.waiters.iterator();
    while (left > 0 && each.hasNext()) {
      Waiter waiter = each.next();
      if (waiter.key.equals(key) && (waiter.bitset & bitset) != 0) {
        each.remove();
        waiter.woken = true;
        woken.add(waiter.task);
        left--;
      }
    }
  }

  /**
   * Wakes some tasks and makes others wait for another word.
   *
   * @param expected the value the first word must have, or null for any
   * @return how many were woken and moved
   */
  int requeue(
      Task task,
      FutexKey from,
      long fromAddress,
      FutexKey to,
      int wakeCount,
      int moveCount,
      Integer expected) {
    List<Task> woken = new ArrayList<>();
    int moved = 0;
    Bucket first = bucket(from);
    Bucket second = bucket(to);
    synchronized (lower(first, second)) {
      synchronized (higher(first, second)) {
        if (expected != null && task.memory().getInt(fromAddress) != expected) {
          throw ErrnoException.of(Errno.EAGAIN);
        }
        take(first, from, wakeCount, ANY_BITSET, woken);
        List<Waiter> moving = new ArrayList<>();
        for (Waiter waiter : first.waiters) {
          if (moving.size() < moveCount && waiter.key.equals(from)) {
            moving.add(waiter);
          }
        }
        first.waiters.removeAll(moving);
        for (Waiter waiter : moving) {
          waiter.key = to;
          second.waiters.add(waiter);
        }
        moved = moving.size();
      }
    }
    woken.forEach(Task::wake);
    return woken.size() + moved;
  }

  /**
   * Changes the second word, wakes tasks that wait for the first, and perhaps some that wait for
   * the second.
   */
  int wakeAndOperate(
      Task task,
      FutexKey first,
      FutexKey second,
      long secondAddress,
      int firstCount,
      int secondCount,
      WordOperation operation) {
    List<Task> woken = new ArrayList<>();
    Bucket firstBucket = bucket(first);
    Bucket secondBucket = bucket(second);
    synchronized (lower(firstBucket, secondBucket)) {
      synchronized (higher(firstBucket, secondBucket)) {
        boolean wakesSecond = operation.apply(task.memory(), secondAddress);
        take(firstBucket, first, firstCount, ANY_BITSET, woken);
        if (wakesSecond) {
          take(secondBucket, second, secondCount, ANY_BITSET, woken);
        }
      }
    }
    woken.forEach(Task::wake);
    return woken.size();
  }

  private static Bucket lower(Bucket a, Bucket b) {
    return a.index <= b.index ? a : b;
  }

  private static Bucket higher(Bucket a, Bucket b) {
    return a.index <= b.index ? b : a;
  }
}
