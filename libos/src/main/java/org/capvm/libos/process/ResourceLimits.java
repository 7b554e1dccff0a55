package org.capvm.libos.process;

import static org.capvm.libos.abi.Resource.RLIM_INFINITY;

import org.capvm.libos.abi.Resource;

/**
 * A process's resource limits: soft and hard, in the units of {@code getrlimit(2)}. Thread-safe.
 */
public final class ResourceLimits {
  private final long[] soft;
  private final long[] hard;

  private ResourceLimits(long[] soft, long[] hard) {
    this.soft = soft;
    this.hard = hard;
  }

  /** What a fresh login has on Linux. */
  public static ResourceLimits defaults() {
    long[] soft = new long[Resource.RLIMIT_COUNT];
    long[] hard = new long[Resource.RLIMIT_COUNT];
    java.util.Arrays.fill(soft, RLIM_INFINITY);
    java.util.Arrays.fill(hard, RLIM_INFINITY);
    soft[Resource.RLIMIT_STACK] = 8L << 20;
    soft[Resource.RLIMIT_CORE] = 0;
    soft[Resource.RLIMIT_NPROC] = 4096;
    hard[Resource.RLIMIT_NPROC] = 4096;
    soft[Resource.RLIMIT_NOFILE] = 1024;
    hard[Resource.RLIMIT_NOFILE] = 1 << 20;
    soft[Resource.RLIMIT_MEMLOCK] = 8L << 20;
    hard[Resource.RLIMIT_MEMLOCK] = 8L << 20;
    soft[Resource.RLIMIT_SIGPENDING] = 4096;
    hard[Resource.RLIMIT_SIGPENDING] = 4096;
    soft[Resource.RLIMIT_MSGQUEUE] = 819200;
    hard[Resource.RLIMIT_MSGQUEUE] = 819200;
    soft[Resource.RLIMIT_NICE] = 0;
    hard[Resource.RLIMIT_NICE] = 0;
    soft[Resource.RLIMIT_RTPRIO] = 0;
    hard[Resource.RLIMIT_RTPRIO] = 0;
    return new ResourceLimits(soft, hard);
  }

  /** A copy, for fork. */
  public synchronized ResourceLimits copy() {
    return new ResourceLimits(soft.clone(), hard.clone());
  }

  /** The limit in force; compare unsigned, {@link Resource#RLIM_INFINITY} is the largest. */
  public synchronized long soft(int resource) {
    return soft[resource];
  }

  /** The ceiling for the soft limit. */
  public synchronized long hard(int resource) {
    return hard[resource];
  }

  /** Sets both; the caller has checked that they are allowed. */
  public synchronized void set(int resource, long newSoft, long newHard) {
    soft[resource] = newSoft;
    hard[resource] = newHard;
  }

  /** Whether an amount is more than the limit in force. */
  public boolean exceeds(int resource, long amount) {
    return Long.compareUnsigned(amount, soft(resource)) > 0;
  }
}
