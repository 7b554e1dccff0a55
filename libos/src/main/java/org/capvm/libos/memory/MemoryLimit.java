package org.capvm.libos.memory;

import java.util.concurrent.atomic.AtomicLong;
import org.capvm.monitor.memory.MappingBudget;

/**
 * How much memory one cVM may come to use: its address spaces' private writable memory and shared
 * anonymous memory, counted when it is mapped, and what waits in its pipes and sockets, counted
 * when room is made for it; and how many mappings of the host all that takes. What a fork's child
 * has from its parent counts apart, for it takes no memory until one of the two writes: of that
 * there may be as much again, so that a process can fork whose memory is most of what there is.
 * Thread-safe.
 */
public final class MemoryLimit {
  /** No limit but the size of address spaces. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /** One cVM may take half of the mappings that there are for all. */
  private static final int SHARE_OF_MAPPINGS = 2;

  /**
   * What one cVM's translations may take at most: they live in the Java heap of all cVMs, and in
   * the code cache, which holds less than a sixth of what they are charged.
   */
  private static final long MOST_FOR_TRANSLATIONS =
      Math.min(Runtime.getRuntime().maxMemory() / 4, 3L << 29);

  private final long limitBytes;
  private final MappingBudget allMappings;
  private final AtomicLong usedBytes = new AtomicLong();
  private final AtomicLong peakBytes = new AtomicLong();
  private final AtomicLong inheritedBytes = new AtomicLong();
  private final AtomicLong translationBytes = new AtomicLong();
  private final AtomicLong mappings = new AtomicLong();

  /**
   * @param limitBytes positive, or {@link #UNLIMITED}
   * @param allMappings what all cVMs take their mappings from
   */
  public MemoryLimit(long limitBytes, MappingBudget allMappings) {
    this.limitBytes = limitBytes;
    this.allMappings = allMappings;
  }

  /**
   * Takes memory for a buffer of the library OS, unless that is more than there may be.
   *
   * @param hostMappings how many mappings of the host the buffer is
   */
  public boolean tryTake(long bytes, int hostMappings) {
    while (true) {
      long used = usedBytes.get();
      if (bytes > limitBytes - used || !hasRoomForMappings(hostMappings)) {
        return false;
      }
      if (usedBytes.compareAndSet(used, used + bytes)) {
        peakBytes.accumulateAndGet(used + bytes, Math::max);
        chargeMappings(hostMappings);
        return true;
      }
    }
  }

  /** Gives back what {@link #tryTake} took. */
  public void give(long bytes, int hostMappings) {
    charge(-bytes);
    chargeMappings(-hostMappings);
  }

  /**
   * Takes memory for translations of code that one address space has for itself, or gives it back
   * if negative. There may be as much of it as of all other memory, and does not count as that: who
   * has taken all of it goes on.
   */
  boolean tryTakeForTranslations(long bytes) {
    long most = Math.min(limitBytes, MOST_FOR_TRANSLATIONS);
    boolean taken = translationBytes.addAndGet(bytes) <= most;
    if (!taken) {
      translationBytes.addAndGet(-bytes);
    }
    return taken;
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

  /** Whether a fork's child may have that much from its parent. */
  boolean hasRoomToInherit(long bytes) {
    return bytes <= limitBytes - inheritedBytes.get();
  }

  /** Counts what children of forks have from their parents, or gives it back if negative. */
  void chargeInherited(long bytes) {
    inheritedBytes.addAndGet(bytes);
  }

  /** Whether that many more mappings of the host may be taken. */
  boolean hasRoomForMappings(long more) {
    return more <= 0
        || (allMappings.hasRoomFor(more)
            && mappings.get() + more <= allMappings.limit() / SHARE_OF_MAPPINGS);
  }

  /** Takes mappings of the host, or gives them back if negative. */
  void chargeMappings(long more) {
    allMappings.charge(more);
    mappings.addAndGet(more);
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
