package org.capvm.libos.file.poll;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/**
 * What {@code eventfd} makes: a 64-bit counter that readers take and writers add to. Threads: any.
 */
public final class EventCounter extends AnonymousDescription {
  /** The largest value the counter reaches. */
  private static final long MAX = -2;

  private final boolean semaphore;
  private final WaitQueue waiters = new WaitQueue();
  private long count;

  /**
   * A counter.
   *
   * @param initial unsigned
   * @param semaphore whether a read takes one instead of all
   */
  public EventCounter(long initial, boolean semaphore, int flags) {
    super("[eventfd]", flags | OpenFlags.O_RDWR);
    this.count = initial;
    this.semaphore = semaphore;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    if (buffer.length() < Long.BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    while (true) {
      synchronized (this) {
        if (count != 0) {
          long taken = semaphore ? 1 : count;
          putLong(buffer, taken);
          count -= taken;
          waiters.announce(PollEvents.WRITABLE);
          return Long.BYTES;
        }
      }
      await(task, PollEvents.READABLE);
    }
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    if (buffer.length() < Long.BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long added = getLong(buffer);
    if (added == -1) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    while (true) {
      synchronized (this) {
        if (Long.compareUnsigned(added, MAX - count) <= 0) {
          count += added;
          waiters.announce(PollEvents.READABLE);
          return Long.BYTES;
        }
      }
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      waiters.await(task, () -> hasRoomFor(added), Task.NEVER);
    }
  }

  private void await(Task task, int events) {
    if (isNonBlocking()) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    waiters.await(task, () -> (readiness() & events) != 0, Task.NEVER);
  }

  private synchronized boolean hasRoomFor(long added) {
    return Long.compareUnsigned(added, MAX - count) <= 0;
  }

  @Override
  public synchronized int readiness() {
    return (count != 0 ? PollEvents.READABLE : 0)
        | (Long.compareUnsigned(count, MAX) < 0 ? PollEvents.WRITABLE : 0);
  }

  @Override
  public WaitQueue waitQueue() {
    return waiters;
  }

  @Override
  protected void close() {}
}
