package org.capvm.libos.memory;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much memory the address spaces of one cVM may come to use: private writable memory and shared
 * anonymous memory, counted when it is mapped; and how many mappings of the host they take.
 * Thread-safe.
 */
public final class MemoryLimit {
  /** No limit but the size of address spaces. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  private final long limitBytes;
  private final AtomicLong usedBytes = new AtomicLong();
  private final AtomicLong peakBytes = new AtomicLong();
  private final AtomicLong mappings = new AtomicLong();

  /**
   * @param limitBytes positive, or {@link #UNLIMITED}
   */
  public MemoryLimit(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** Whether that much more may be taken. */
  boolean hasRoomFor(long bytes) {
    return bytes <= limitBytes - usedBytes.get();
  }

  /** Takes memory, or gives it back if negative. */
  void charge(long bytes) {
    long used = usedBytes.addAndGet(bytes);
    peakBytes.accumulateAndGet(used, Math::max);
  }

  /** Takes mappings of the host, or gives them back if negative. */
  void chargeMappings(long more) {
    mappings.addAndGet(more);
  }

  /** Mappings of the host that are taken. */
  long mappings() {
    return mappings.get();
  }

  /** Bytes that are taken. */
  public long usedBytes() {
    return usedBytes.get();
  }

  /** The most bytes that were ever taken at once. */
  public long peakBytes() {
    return peakBytes.get();
  }

  /** The limit in bytes. */
  public long limitBytes() {
    return limitBytes;
  }
}
