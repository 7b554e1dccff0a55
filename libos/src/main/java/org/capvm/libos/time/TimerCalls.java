package org.capvm.libos.time;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/** Alarms, interval timers, POSIX timers. */
final class TimerCalls {
  private static final int ITIMER_REAL = 0;
  private static final int ITIMER_VIRTUAL = 1;
  private static final int ITIMER_PROF = 2;
  private static final int TIMER_ABSTIME = 1;
  private static final int SIGEV_SIGNAL = 0;
  private static final int SIGEV_NONE = 1;
  private static final int SIGEV_THREAD_ID = 4;

  /** Bytes of a {@code struct sigevent}. */
  private static final int SIGEVENT_BYTES = 64;

  private TimerCalls() {}

  static long alarm(Task task, long seconds, long a1, long a2, long a3, long a4, long a5) {
    long nanos = Integer.toUnsignedLong((int) seconds) * GuestTime.SECOND;
    IntervalTimer.Setting old =
        task.process().timers().real().set(GuestTime.deadlineAfter(nanos), nanos != 0, 0);
    return old.leftNanos() == 0
        ? 0
        : Math.max(1, (old.leftNanos() + GuestTime.SECOND / 2) / GuestTime.SECOND);
  }

  static long setitimer(Task task, long which, long in, long out, long a3, long a4, long a5) {
    GuestMemory memory = task.memory();
    long interval = in == 0 ? 0 : GuestTime.readTimeval(memory, in);
    long first = in == 0 ? 0 : GuestTime.readTimeval(memory, in + 16);
    ProcessTimers timers = task.process().timers();
    IntervalTimer.Setting old =
        switch ((int) which) {
          case ITIMER_REAL ->
              timers.real().set(GuestTime.deadlineAfter(first), first != 0, interval);
          case ITIMER_VIRTUAL -> timers.virtual().set(first, interval);
          case ITIMER_PROF -> timers.profiling().set(first, interval);
          default -> throw ErrnoException.of(Errno.EINVAL);
        };
    writeItimerval(memory, out, old);
    return 0;
  }

  static long getitimer(Task task, long which, long out, long a2, long a3, long a4, long a5) {
    ProcessTimers timers = task.process().timers();
    IntervalTimer.Setting setting =
        switch ((int) which) {
          case ITIMER_REAL -> timers.real().setting();
          case ITIMER_VIRTUAL -> timers.virtual().setting();
          case ITIMER_PROF -> timers.profiling().setting();
          default -> throw ErrnoException.of(Errno.EINVAL);
        };
    GuestTime.writeTimeval(task.memory(), out, setting.intervalNanos());
    GuestTime.writeTimeval(task.memory(), out + 16, setting.leftNanos());
    return 0;
  }

  private static void writeItimerval(GuestMemory memory, long out, IntervalTimer.Setting setting) {
    if (out != 0) {
      GuestTime.writeTimeval(memory, out, setting.intervalNanos());
      GuestTime.writeTimeval(memory, out + 16, setting.leftNanos());
    }
  }

  static long timerCreate(Task task, long clock, long event, long out, long a3, long a4, long a5) {
    int id = (int) clock;
    if (event != 0) {
      // Read before the clock is looked at.
      task.memory().getLong(event);
      task.memory().getLong(event + SIGEVENT_BYTES - Long.BYTES);
    }
    boolean known =
        id == GuestTime.CLOCK_REALTIME
            || id == GuestTime.CLOCK_MONOTONIC
            || id == GuestTime.CLOCK_BOOTTIME
            || id == GuestTime.CLOCK_TAI;
    if (!known) {
      boolean cannot =
          id == GuestTime.CLOCK_PROCESS_CPUTIME_ID
              || id == GuestTime.CLOCK_THREAD_CPUTIME_ID
              || id == GuestTime.CLOCK_MONOTONIC_RAW
              || id == GuestTime.CLOCK_REALTIME_COARSE
              || id == GuestTime.CLOCK_MONOTONIC_COARSE;
      return cannot ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
    }
    GuestMemory memory = task.memory();
    int signal = Signal.SIGALRM;
    Task target = null;
    Long value = null;
    if (event != 0) {
      value = memory.getLong(event);
      signal = memory.getInt(event + 8);
      int notify = memory.getInt(event + 12);
      if (notify == SIGEV_THREAD_ID) {
        target = task.libraryOs().processes().task(memory.getInt(event + 16));
        if (target == null || target.process() != task.process()) {
          return -Errno.EINVAL;
        }
      } else if (notify != SIGEV_SIGNAL && notify != SIGEV_NONE) {
        return -Errno.EINVAL;
      }
      if (notify == SIGEV_NONE) {
        signal = 0;
      } else if (!Signal.isValid(signal)) {
        return -Errno.EINVAL;
      }
    }
    int timer = task.process().timers().create(id, signal, target, value);
    try {
      memory.putInt(out, timer);
    } catch (GuestMemoryFault unknownToTheGuest) {
      task.process().timers().delete(timer);
      throw unknownToTheGuest;
    }
    return 0;
  }

  static long timerSettime(Task task, long id, long flags, long in, long out, long a4, long a5) {
    GuestMemory memory = task.memory();
    if (in == 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    memory.getLong(in);
    memory.getLong(in + 24);
    ProcessTimers.PosixTimer timer = task.process().timers().get((int) id);
    long interval = GuestTime.readTimespec(memory, in);
    long first = GuestTime.readTimespec(memory, in + 16);
    long deadline =
        (flags & TIMER_ABSTIME) != 0
            ? GuestTime.deadlineAt(timer.clock(), first)
            : GuestTime.deadlineAfter(first);
    IntervalTimer.Setting old = timer.timer().set(deadline, first != 0, interval);
    if (out != 0) {
      writeItimerspec(memory, out, old);
    }
    return 0;
  }

  static long timerGettime(Task task, long id, long out, long a2, long a3, long a4, long a5) {
    ProcessTimers.PosixTimer timer = task.process().timers().get((int) id);
    writeItimerspec(task.memory(), out, timer.timer().setting());
    return 0;
  }

  private static void writeItimerspec(GuestMemory memory, long out, IntervalTimer.Setting setting) {
    GuestTime.writeTimespec(memory, out, setting.intervalNanos());
    GuestTime.writeTimespec(memory, out + 16, setting.leftNanos());
  }

  static long timerGetoverrun(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    return task.process().timers().get((int) id).timer().overrun();
  }

  static long timerDelete(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    task.process().timers().delete((int) id);
    return 0;
  }

  static long adjtimex(Task task, long in, long a1, long a2, long a3, long a4, long a5) {
    if (task.memory().getInt(in) != 0) {
      return -Errno.EPERM;
    }
    GuestTime.writeTimeval(task.memory(), in + 72, Hostcalls.clockNanos(GuestTime.CLOCK_REALTIME));
    return 0;
  }
}
