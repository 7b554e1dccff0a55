package org.capvm.monitor.channel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.capvm.machine.host.RawMemory;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.memory.FaultSafeAccess;

/**
 * Who waits for words of one buffer.
 *
 * <p>The number of waits is in native memory too, so that whoever notifies can see without a lock
 * that nobody waits. A waiter counts itself, then looks at the word; a notifier has changed the
 * word, then looks at the count: one of them sees the other.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
final class WordWaiters {
  private static final int WORD_BYTES = 4;

  private final FaultSafeAccess access;
  private final Map<Long, ArrayDeque<WordWait>> waits = new HashMap<>();

  WordWaiters(FaultSafeAccess access) {
    this.access = access;
  }

  /** See {@link CpFile#beginWait}. */
  synchronized WordWait begin(Capability through, long offset, int expected, Runnable wake) {
    through.enter();
    try {
      long address = through.range(offset, WORD_BYTES, Permissions.READ);
      if (address % WORD_BYTES != 0) {
        throw new CapabilityException(Reason.OUT_OF_RANGE);
      }
      long count = through.waitersAddress();
      RawMemory.getAndAddInt(count, 1);
      long value = access.load32(address);
      if (value < 0 || (int) value != expected) {
        RawMemory.getAndAddInt(count, -1);
        Reason reason = value == FaultSafeAccess.FAULT ? Reason.BAD_MEMORY : Reason.VALUE_CHANGED;
        throw new CapabilityException(reason);
      }
      WordWait wait = new WordWait(this, through, address, wake);
      waits.computeIfAbsent(address, key -> new ArrayDeque<>()).add(wait);
      return wait;
    } finally {
      through.leave();
    }
  }

  /** Ends up to {@code count} waits for a word, the oldest first; returns how many. */
  int wake(long hostAddress, int count) {
    List<WordWait> woken = new ArrayList<>();
    synchronized (this) {
      ArrayDeque<WordWait> queue = waits.get(hostAddress);
      while (queue != null && woken.size() < count && !queue.isEmpty()) {
        WordWait wait = queue.poll();
        uncount(wait);
        woken.add(wait);
      }
      if (queue != null && queue.isEmpty()) {
        waits.remove(hostAddress);
      }
    }
    woken.forEach(wait -> wait.end(null));
    return woken.size();
  }

  /** Ends the waits through a capability that is not valid any more. */
  void revoked(Capability capability, Reason reason) {
    List<WordWait> ended = new ArrayList<>();
    synchronized (this) {
      Iterator<ArrayDeque<WordWait>> queues = waits.values().iterator();
      while (queues.hasNext()) {
        ArrayDeque<WordWait> queue = queues.next();
        queue.removeIf(wait -> wait.through() == capability && ended.add(wait));
        if (queue.isEmpty()) {
          queues.remove();
        }
      }
      ended.forEach(WordWaiters::uncount);
    }
    ended.forEach(wait -> wait.end(reason));
  }

  synchronized boolean remove(WordWait wait) {
    ArrayDeque<WordWait> queue = waits.get(wait.hostAddress());
    if (queue == null || !queue.remove(wait)) {
      return false;
    }
    if (queue.isEmpty()) {
      waits.remove(wait.hostAddress());
    }
    uncount(wait);
    return true;
  }

  /**
   * While a wait is queued, the entry that counts it is not reused: its revocation ends the wait.
   */
  private static void uncount(WordWait wait) {
    RawMemory.getAndAddInt(wait.through().waitersAddress(), -1);
  }
}
