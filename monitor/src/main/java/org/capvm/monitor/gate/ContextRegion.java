package org.capvm.monitor.gate;

import static org.capvm.machine.host.HostMemory.PROT_NONE;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.ContextLayout.CALLEE;
import static org.capvm.machine.layout.ContextLayout.CALLER;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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
 * <p>Code may look at a block that was a {@link CallTarget} or a {@link LentContext} after its end,
 * so such a block never becomes anything else.
 *
 * <p>Threads: any; blocks are guarded by this object's monitor.
 */
final class ContextRegion implements AutoCloseable {
  /** Most contexts at a time. */
  static final int CAPACITY = 65_536;

  /** Bytes of the whole range. */
  static final long BYTES = (long) CAPACITY * ContextLayout.BYTES;

  /** How many blocks become accessible at once. */
  private static final int COMMIT_BLOCKS = 16;

  private final long start;
  private final Map<Long, ContextUser> users = new ConcurrentHashMap<>();
  private final ArrayDeque<Long> free = new ArrayDeque<>();
  private final ArrayDeque<Long> formerTargets = new ArrayDeque<>();
  private final ArrayDeque<Long> formerLent = new ArrayDeque<>();
  private int committed;
  private int inUse;

  ContextRegion() {
    start = HostMemory.reserve(BYTES, PROT_NONE);
  }

  /** Takes a block for a list of contexts: zeroed, but for addresses of contexts that were lent. */
  synchronized long allocateTarget() {
    return allocateAgain(formerTargets);
  }

  /** Takes a block for a context to be lent: zeroed, and with nobody who may use it. */
  synchronized long allocateLent() {
    long block = allocateAgain(formerLent);
    RawMemory.putLong(block + CALLER, LentContext.TAKEN);
    return block;
  }

  private long allocateAgain(ArrayDeque<Long> former) {
    if (former.isEmpty()) {
      return allocate();
    }
    inUse++;
    return former.pop();
  }

  /** Gives a list back. */
  synchronized void releaseTarget(long block) {
    // Callers that wait have not taken themselves off its other word yet.
    RawMemory.putInt(block + CallTarget.COUNT, 0);
    inUse--;
    formerTargets.push(block);
  }

  /** Gives a context that was lent back. Nobody may use it. */
  synchronized void releaseLent(long block) {
    users.remove(block);
    // The word that says so stays.
    RawMemory.clear(block, CALLER);
    RawMemory.clear(block + CALLER + Long.BYTES, ContextLayout.BYTES - CALLER - Long.BYTES);
    inUse--;
    formerLent.push(block);
  }

  /** Says whose a block is, until it is given back. */
  void enter(long block, ContextUser user) {
    users.put(block, user);
  }

  /** The context that the last call of a block's ran on, unless that is gone. */
  Optional<LentContext> lastCalleeOf(long block) {
    long callee = RawMemory.getLong(block + CALLEE);
    return users.get(callee) instanceof LentContext lent ? Optional.of(lent) : Optional.empty();
  }

  /** The context that the last call of a block's runs on, if that call is not over. */
  Optional<LentContext> calleeOf(long block) {
    return lastCalleeOf(block).filter(each -> each.runsCallOf(block));
  }

  /**
   * Signals the thread that a block's calls run on in the end. It may have come back by then, or be
   * another one; a handler that finds nothing pending does nothing.
   *
   * @param caller a block, which may be in a call itself
   */
  void signalThreadOf(long caller) {
    long block = caller;
    for (int depth = 0; depth < CAPACITY; depth++) {
      long next = RawMemory.getLongAcquire(block + CALLER);
      if (next == LentContext.FREE || next == LentContext.TAKEN) {
        break;
      }
      block = next;
    }
    if (users.get(block) instanceof GuestThread thread) {
      thread.signal();
    }
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

  /** Gives a block back. No thread runs it any more. Its content is erased. */
  synchronized void release(long block) {
    users.remove(block);
    RawMemory.clear(block, ContextLayout.BYTES);
    inUse--;
    free.push(block);
  }

  @Override
  public synchronized void close() {
    HostMemory.munmap(start, BYTES);
  }
}
