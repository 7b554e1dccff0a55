package org.capvm.libos.file.poll;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;
import org.capvm.libos.time.IntervalTimer;

/** What {@code timerfd_create} makes: a timer whose expiries are read. Threads: any. */
public final class TimerDescriptor extends AnonymousDescription {
  private final int clock;
  private final WaitQueue waiters = new WaitQueue();
  private final IntervalTimer timer = new IntervalTimer(this::expired);
  private long expiries;

  /** A timer that is not armed. */
  public TimerDescriptor(int clock, int flags) {
    super("[timerfd]", flags | OpenFlags.O_RDWR);
    this.clock = clock;
  }

  /** The clock it was made for. */
  public int clock() {
    return clock;
  }

  /** What is set now. */
  public IntervalTimer.Setting setting() {
    return timer.setting();
  }

  /** Arms or disarms it; expiries not read yet are forgotten. Returns what was set before. */
  public IntervalTimer.Setting set(long deadlineNanos, boolean arm, long intervalNanos) {
    IntervalTimer.Setting old = timer.set(0, false, 0);
    synchronized (this) {
      expiries = 0;
    }
    timer.set(deadlineNanos, arm, intervalNanos);
    return old;
  }

  private void expired() {
    int overrun = timer.overrun();
    synchronized (this) {
      expiries += 1L + overrun;
    }
    waiters.announce(PollEvents.READABLE);
  }

  @Override
  public boolean canWrite() {
    return false;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    if (buffer.length() < Long.BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    while (true) {
      synchronized (this) {
        if (expiries != 0) {
          putLong(buffer, expiries);
          expiries = 0;
          return Long.BYTES;
        }
      }
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      waiters.await(task, () -> readiness() != 0, Task.NEVER);
    }
  }

  @Override
  public synchronized int readiness() {
    return expiries != 0 ? PollEvents.READABLE : 0;
  }

  @Override
  public WaitQueue waitQueue() {
    return waiters;
  }

  @Override
  protected void close() {
    timer.set(0, false, 0);
  }
}
