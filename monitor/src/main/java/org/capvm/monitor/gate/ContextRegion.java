package org.capvm.monitor.gate;

import static org.capvm.machine.host.HostMemory.PROT_NONE;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import java.util.ArrayDeque;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.ContextLayout;

/**
 * The one host range that holds every context block. Invariant: while a thread runs a guest its FS
 * base lies here, and at no other time; fault handlers tell guests by it.
 *
 * <p>Blocks are made accessible on first use, in order, so that the kernel keeps one mapping for
 * all of them, and reused afterwards.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
final class ContextRegion implements AutoCloseable {
  /** Most contexts at a time. */
  static final int CAPACITY = 65_536;

  /** Bytes of the whole range. */
  static final long BYTES = (long) CAPACITY * ContextLayout.BYTES;

  /** How many blocks become accessible at once. */
  private static final int COMMIT_BLOCKS = 16;

  private final long start;
  private final ArrayDeque<Long> free = new ArrayDeque<>();
  private int committed;
  private int inUse;

  ContextRegion() {
    start = HostMemory.reserve(BYTES, PROT_NONE);
  }

  /** Host address of the range. */
  long start() {
    return start;
  }

  /** Blocks taken and not given back. */
  synchronized int inUse() {
    return inUse;
  }

  /**
   * Takes a block, zeroed.
   *
   * @throws IllegalStateException if {@link #CAPACITY} contexts are in use
   */
  synchronized long allocate() {
    if (free.isEmpty()) {
      commit();
    }
    inUse++;
    return free.pop();
  }

  private void commit() {
    if (committed == CAPACITY) {
      throw new IllegalStateException("more than " + CAPACITY + " guest threads");
    }
    long first = start + (long) committed * ContextLayout.BYTES;
    HostMemory.mprotect(first, (long) COMMIT_BLOCKS * ContextLayout.BYTES, PROT_READ | PROT_WRITE);
    for (int i = 0; i < COMMIT_BLOCKS; i++) {
      free.add(first + (long) i * ContextLayout.BYTES);
    }
    committed += COMMIT_BLOCKS;
  }

  /** Gives a block back. No thread's FS base is on it any more. Its content is erased. */
  synchronized void release(long block) {
    RawMemory.clear(block, ContextLayout.BYTES);
    inUse--;
    free.push(block);
  }

  @Override
  public synchronized void close() {
    HostMemory.munmap(start, BYTES);
  }
}
