package org.capvm.libos.process;

import org.capvm.libos.time.GuestTime;
import org.capvm.monitor.memory.GuestMemory;

/** {@code struct rusage}. */
public final class ResourceUsage {
  private static final int BYTES = 144;
  private static final int SYSTEM_TIME = 16;
  private static final int MAX_RESIDENT = 32;

  private ResourceUsage() {}

  /** Writes processor times, everything else zero. */
  public static void write(GuestMemory memory, long out, CpuTimes times) {
    memory.fill(out, BYTES, (byte) 0);
    GuestTime.writeTimeval(memory, out, times.userNanos());
    GuestTime.writeTimeval(memory, out + SYSTEM_TIME, times.systemNanos());
  }

  /** Writes processor times and the largest resident size. */
  public static void write(GuestMemory memory, long out, CpuTimes times, long residentBytes) {
    write(memory, out, times);
    memory.putLong(out + MAX_RESIDENT, residentBytes / 1024);
  }
}
