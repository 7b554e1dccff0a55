package org.capvm.libos.time;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.CpuTimes;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/** Clocks and sleeping. */
final class TimeCalls {
  private static final int TIMER_ABSTIME = 1;
  private static final int TIMEZONE_BYTES = 8;
  private static final long NANOS_PER_TICK = 10_000_000;

  private TimeCalls() {}

  static long clockGettime(Task task, long clock, long out, long a2, long a3, long a4, long a5) {
    long nanos = read(task, (int) clock);
    GuestTime.writeTimespec(task.memory(), out, nanos);
    return 0;
  }

  private static long read(Task task, int clock) {
    return switch (clock) {
      case GuestTime.CLOCK_REALTIME,
          GuestTime.CLOCK_MONOTONIC,
          GuestTime.CLOCK_MONOTONIC_RAW,
          GuestTime.CLOCK_REALTIME_COARSE,
          GuestTime.CLOCK_MONOTONIC_COARSE,
          GuestTime.CLOCK_BOOTTIME,
          GuestTime.CLOCK_REALTIME_ALARM,
          GuestTime.CLOCK_BOOTTIME_ALARM,
          GuestTime.CLOCK_TAI ->
          ErrnoException.check(Hostcalls.clockNanos(clock));
      case GuestTime.CLOCK_THREAD_CPUTIME_ID -> task.cpuNanos();
      case GuestTime.CLOCK_PROCESS_CPUTIME_ID -> task.process().cpuNanos();
      default -> clock < 0 ? readDynamic(task, clock) : invalid();
    };
  }

  /**
   * A clock made of a process's or thread's id: {@code (~id << 3) | kind}, bit 2 set for a thread.
   */
  private static long readDynamic(Task task, int clock) {
    if ((clock & 3) == 3) {
      return invalid();
    }
    int id = ~(clock >> 3);
    boolean thread = (clock & 4) != 0;
    if (thread && (id == 0 || id == task.id())) {
      return task.cpuNanos();
    }
    if (!thread && (id == 0 || id == task.process().id())) {
      return task.process().cpuNanos();
    }
    return invalid();
  }

  private static long invalid() {
    throw ErrnoException.of(Errno.EINVAL);
  }

  static long clockGetres(Task task, long clock, long out, long a2, long a3, long a4, long a5) {
    long nanos = 1;
    if ((int) clock < 0) {
      readDynamic(task, (int) clock);
    } else {
      long scratch = HostScratch.get().address();
      ErrnoException.check(Hostcalls.clockGetres((int) clock, scratch));
      nanos = HostScratch.get().get(java.lang.foreign.ValueLayout.JAVA_LONG, 8);
    }
    if (out != 0) {
      GuestTime.writeTimespec(task.memory(), out, nanos);
    }
    return 0;
  }

  static long clockSettime(Task task, long clock, long in, long a2, long a3, long a4, long a5) {
    GuestTime.readTimespec(task.memory(), in);
    return (int) clock == GuestTime.CLOCK_REALTIME ? -Errno.EPERM : -Errno.EINVAL;
  }

  static long gettimeofday(Task task, long out, long zone, long a2, long a3, long a4, long a5) {
    if (out != 0) {
      GuestTime.writeTimeval(task.memory(), out, Hostcalls.clockNanos(GuestTime.CLOCK_REALTIME));
    }
    if (zone != 0) {
      task.memory().fill(zone, TIMEZONE_BYTES, (byte) 0);
    }
    return 0;
  }

  static long time(Task task, long out, long a1, long a2, long a3, long a4, long a5) {
    long seconds = Hostcalls.clockNanos(GuestTime.CLOCK_REALTIME) / GuestTime.SECOND;
    if (out != 0) {
      task.memory().putLong(out, seconds);
    }
    return seconds;
  }

  static long nanosleep(Task task, long in, long left, long a2, long a3, long a4, long a5) {
    return sleep(task, GuestTime.deadlineAfter(GuestTime.readTimespec(task.memory(), in)), left);
  }

  static long clockNanosleep(
      Task task, long clock, long flags, long in, long left, long a4, long a5) {
    int id = (int) clock;
    switch (id) {
      case GuestTime.CLOCK_THREAD_CPUTIME_ID,
          GuestTime.CLOCK_MONOTONIC_RAW,
          GuestTime.CLOCK_REALTIME_COARSE,
          GuestTime.CLOCK_MONOTONIC_COARSE -> {
        return -Errno.EOPNOTSUPP;
      }
      default -> {
        // One to sleep by, or none.
      }
    }
    if (id >= 0) {
      read(task, id);
    }
    long nanos = GuestTime.readTimespec(task.memory(), in);
    long now = read(task, id);
    if ((flags & TIMER_ABSTIME) == 0) {
      return sleep(task, GuestTime.deadlineAfter(nanos), left);
    }
    long deadline = GuestTime.deadlineAfter(Math.max(0, nanos - now));
    try {
      while (task.park(deadline)) {
        // Woken for something else.
      }
      return 0;
    } catch (ErrnoException e) {
      return -Errno.ERESTARTNOHAND;
    }
  }

  /**
   * Sleeps; what is left goes to the guest if a handler ends the sleep, and into the restart if
   * none does.
   */
  private static long sleep(Task task, long deadline, long leftOut) {
    try {
      while (task.park(deadline)) {
        // Woken for something else.
      }
      return 0;
    } catch (ErrnoException e) {
      long left = GuestTime.left(deadline);
      if (left == 0) {
        return 0;
      }
      if (leftOut != 0) {
        GuestTime.writeTimespec(task.memory(), leftOut, left);
      }
      task.setRestart((again, a0, a1, a2, a3, a4, a5) -> sleep(again, deadline, leftOut));
      return -Errno.ERESTART_RESTARTBLOCK;
    }
  }

  static long restartSyscall(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return task.restart() == null ? -Errno.EINTR : task.restart().call(task, 0, 0, 0, 0, 0, 0);
  }

  static long times(Task task, long out, long a1, long a2, long a3, long a4, long a5) {
    if (out != 0) {
      GuestMemory memory = task.memory();
      CpuTimes own = task.process().cpuTimes();
      CpuTimes children = task.process().childrenTimes();
      memory.putLong(out, own.userNanos() / NANOS_PER_TICK);
      memory.putLong(out + 8, own.systemNanos() / NANOS_PER_TICK);
      memory.putLong(out + 16, children.userNanos() / NANOS_PER_TICK);
      memory.putLong(out + 24, children.systemNanos() / NANOS_PER_TICK);
    }
    return Hostcalls.clockNanos(GuestTime.CLOCK_MONOTONIC) / NANOS_PER_TICK;
  }
}
