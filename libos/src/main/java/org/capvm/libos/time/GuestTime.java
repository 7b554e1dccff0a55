package org.capvm.libos.time;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/**
 * Time values as guests pass them, and deadlines in terms of {@link System#nanoTime}. Times
 * saturate.
 */
public final class GuestTime {
  public static final int CLOCK_REALTIME = 0;
  public static final int CLOCK_MONOTONIC = 1;
  public static final int CLOCK_PROCESS_CPUTIME_ID = 2;
  public static final int CLOCK_THREAD_CPUTIME_ID = 3;
  public static final int CLOCK_MONOTONIC_RAW = 4;
  public static final int CLOCK_REALTIME_COARSE = 5;
  public static final int CLOCK_MONOTONIC_COARSE = 6;
  public static final int CLOCK_BOOTTIME = 7;
  public static final int CLOCK_REALTIME_ALARM = 8;
  public static final int CLOCK_BOOTTIME_ALARM = 9;
  public static final int CLOCK_TAI = 11;

  /** Nanoseconds in a second. */
  public static final long SECOND = 1_000_000_000L;

  private static final long MICROSECOND = 1000;
  private static final long MAX_SECONDS = Long.MAX_VALUE / SECOND - 1;

  private GuestTime() {}

  /**
   * Reads a {@code struct timespec}.
   *
   * @return nanoseconds
   * @throws ErrnoException EINVAL if it is negative or not normalised
   */
  public static long readTimespec(GuestMemory memory, long guestAddress) {
    return nanos(memory.getLong(guestAddress), memory.getLong(guestAddress + 8), SECOND, 1);
  }

  /** Reads a {@code struct timeval} as nanoseconds; EINVAL if it is negative or not normalised. */
  public static long readTimeval(GuestMemory memory, long guestAddress) {
    long seconds = memory.getLong(guestAddress);
    long micros = memory.getLong(guestAddress + 8);
    return nanos(seconds, micros, SECOND / MICROSECOND, MICROSECOND);
  }

  private static long nanos(long seconds, long fraction, long limit, long unit) {
    if (seconds < 0 || fraction < 0 || fraction >= limit) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return seconds > MAX_SECONDS ? Long.MAX_VALUE : seconds * SECOND + fraction * unit;
  }

  /** Writes nanoseconds as a {@code struct timespec}. */
  public static void writeTimespec(GuestMemory memory, long guestAddress, long nanos) {
    memory.putLong(guestAddress, nanos / SECOND);
    memory.putLong(guestAddress + 8, nanos % SECOND);
  }

  /** Writes nanoseconds as a {@code struct timeval}. */
  public static void writeTimeval(GuestMemory memory, long guestAddress, long nanos) {
    memory.putLong(guestAddress, nanos / SECOND);
    memory.putLong(guestAddress + 8, nanos % SECOND / MICROSECOND);
  }

  /** A deadline so many nanoseconds from now. */
  public static long deadlineAfter(long nanos) {
    long now = System.nanoTime();
    long deadline = now + nanos;
    return nanos == Long.MAX_VALUE || deadline < now ? Task.NEVER : deadline;
  }

  /** The deadline that is a time of a clock. */
  public static long deadlineAt(int clock, long clockNanos) {
    long left = clockNanos - Hostcalls.clockNanos(clock);
    return deadlineAfter(Math.max(0, left));
  }

  /** What a deadline leaves, in nanoseconds, 0 or more. */
  public static long left(long deadlineNanos) {
    return Math.max(0, deadlineNanos - System.nanoTime());
  }
}
