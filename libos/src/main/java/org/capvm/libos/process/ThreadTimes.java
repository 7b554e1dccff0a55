package org.capvm.libos.process;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;

/** Processor time of threads. */
final class ThreadTimes {
  private static final int RUSAGE_THREAD = 1;

  /** Linux's encoding of a thread's own clock: per thread, scheduler time. */
  private static final int CPUCLOCK_PERTHREAD_SCHED = 6;

  private static final long SECOND = 1_000_000_000L;

  private ThreadTimes() {}

  /** The calling thread's user and system time. */
  static CpuTimes own() {
    MemorySegment usage = HostScratch.get();
    Hostcalls.getrusage(RUSAGE_THREAD, usage.address());
    CpuTimes times = new CpuTimes();
    times.add(timeval(usage, 0), timeval(usage, 16));
    return times;
  }

  private static long timeval(MemorySegment usage, long offset) {
    long seconds = usage.get(ValueLayout.JAVA_LONG, offset);
    return seconds * SECOND + usage.get(ValueLayout.JAVA_LONG, offset + 8) * 1000;
  }

  /**
   * Processor time of a thread of the host, in nanoseconds.
   *
   * @return 0 if the thread is gone
   */
  static long cpuNanos(int hostThreadId) {
    int clock = ~hostThreadId << 3 | CPUCLOCK_PERTHREAD_SCHED;
    return Math.max(0, Hostcalls.clockNanos(clock));
  }
}
