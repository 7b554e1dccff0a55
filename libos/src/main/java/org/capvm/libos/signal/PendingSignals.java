package org.capvm.libos.signal;

import static org.capvm.libos.abi.Signal.bit;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.memory.MemoryLimit;

/**
 * Signals that were sent and not yet taken, of a process or a task. A standard signal is there once
 * or not at all; real-time signals queue, and are charged to the cVM's memory. Thread-safe.
 */
public final class PendingSignals {
  private static final long SYNCHRONOUS =
      bit(Signal.SIGSEGV)
          | bit(Signal.SIGBUS)
          | bit(Signal.SIGILL)
          | bit(Signal.SIGTRAP)
          | bit(Signal.SIGFPE)
          | bit(Signal.SIGSYS);

  /** Of the Java heap, of a signal that waits. */
  private static final long SIGNAL_BYTES = 128;

  private final MemoryLimit payer;
  private final Queue<SignalInfo> queue = new ArrayDeque<>();
  private volatile long set;
  private boolean closed;

  /**
   * @param payer what real-time signals are charged to while they wait
   */
  public PendingSignals(MemoryLimit payer) {
    this.payer = payer;
  }

  /** What real-time signals are charged to. */
  MemoryLimit payer() {
    return payer;
  }

  /** The signals that are there. */
  public long set() {
    return set;
  }

  /**
   * Adds a signal, unless it is a standard one that is there already.
   *
   * @param limit how many real-time signals may queue
   * @return false if a real-time signal found the queue full, or no memory to wait in
   */
  public synchronized boolean add(SignalInfo info, int limit) {
    boolean there = (set & bit(info.signal())) != 0;
    if (closed || (isStandard(info) && there)) {
      return true;
    }
    if (!isStandard(info) && (queue.size() >= limit || !payer.tryTake(SIGNAL_BYTES, 0))) {
      return false;
    }
    queue.add(info);
    set |= bit(info.signal());
    return true;
  }

  /**
   * Takes the next signal of a set: faults first, then the lowest number.
   *
   * @return null if none is there
   */
  public synchronized SignalInfo take(long wanted) {
    long candidates = set & wanted;
    if (candidates == 0) {
      return null;
    }
    long urgent = candidates & SYNCHRONOUS;
    int signal = Long.numberOfTrailingZeros(urgent != 0 ? urgent : candidates) + 1;
    SignalInfo taken = null;
    boolean more = false;
    for (Iterator<SignalInfo> each = queue.iterator(); each.hasNext(); ) {
      SignalInfo info = each.next();
      if (info.signal() == signal) {
        if (taken == null) {
          taken = info;
          each.remove();
        } else {
          more = true;
        }
      }
    }
    if (!more) {
      set &= ~bit(signal);
    }
    giveBackFor(taken);
    return taken;
  }

  /** Forgets all signals of a set. */
  public synchronized void discard(long unwanted) {
    queue.removeIf(
        info -> {
          boolean goes = (bit(info.signal()) & unwanted) != 0;
          if (goes) {
            giveBackFor(info);
          }
          return goes;
        });
    set &= ~unwanted;
  }

  /** Forgets all signals, and those that come later: nobody will take them. */
  public synchronized void close() {
    closed = true;
    discard(~0L);
  }

  private static boolean isStandard(SignalInfo info) {
    return info.signal() < Signal.SIGRTMIN;
  }

  private void giveBackFor(SignalInfo info) {
    if (!isStandard(info)) {
      payer.give(SIGNAL_BYTES, 0);
    }
  }

  /** How many signals are there. */
  public synchronized int count() {
    return queue.size();
  }
}
