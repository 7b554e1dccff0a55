package org.capvm.libos.process;

/** Processor time used, in nanoseconds. Thread-safe. */
public final class CpuTimes {
  private long userNanos;
  private long systemNanos;

  /** Adds time. */
  public synchronized void add(long user, long system) {
    userNanos += user;
    systemNanos += system;
  }

  /** Adds what another one holds. */
  public void add(CpuTimes other) {
    add(other.userNanos(), other.systemNanos());
  }

  /** User and system time together. */
  public synchronized long nanos() {
    return userNanos + systemNanos;
  }

  /** Time in guest code. */
  public synchronized long userNanos() {
    return userNanos;
  }

  /** Time in the library OS and the host on the guest's behalf. */
  public synchronized long systemNanos() {
    return systemNanos;
  }
}
