package org.capvm.libos.signal;

import static org.capvm.libos.abi.Signal.bit;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import org.capvm.libos.abi.Signal;

/**
 * Signals that were sent and not yet taken, of a process or a task. A standard signal is there once
 * or not at all; real-time signals queue. Thread-safe.
 */
public final class PendingSignals {
  private static final long SYNCHRONOUS =
      bit(Signal.SIGSEGV)
          | bit(Signal.SIGBUS)
          | bit(Signal.SIGILL)
          | bit(Signal.SIGTRAP)
          | bit(Signal.SIGFPE)
          | bit(Signal.SIGSYS);

  private final Queue<SignalInfo> queue = new ArrayDeque<>();
  private volatile long set;

  /** The signals that are there. */
  public long set() {
    return set;
  }

  /**
   * Adds a signal, unless it is a standard one that is there already.
   *
   * @param limit how many real-time signals may queue
   * @return false if a real-time signal found the queue full
   */
  public synchronized boolean add(SignalInfo info, int limit) {
    boolean there = (set & bit(info.signal())) != 0;
    if (info.signal() < Signal.SIGRTMIN && there) {
      return true;
    }
    if (info.signal() >= Signal.SIGRTMIN && queue.size() >= limit) {
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
    return taken;
  }

  /** Forgets all signals of a set. */
  public synchronized void discard(long unwanted) {
    queue.removeIf(info -> (bit(info.signal()) & unwanted) != 0);
    set &= ~unwanted;
  }

  /** How many signals are there. */
  public synchronized int count() {
    return queue.size();
  }
}
