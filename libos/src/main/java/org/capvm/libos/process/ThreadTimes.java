package org.capvm.libos.process;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;

/** Processor time of the calling thread. */
final class ThreadTimes {
  private static final int RUSAGE_THREAD = 1;

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
}
