package org.capvm.libos.memory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.capvm.libos.ErrnoException;

/**
 * Slots of a cVM's processes that have ended, with what is mapped in them, for the next children of
 * the same parents. What a fork gives one child and the next differs in little, if in anything: to
 * map and unmap all of it, and to make and free the page tables, takes longer than all else of a
 * fork.
 *
 * <p>They are charged like those in use, and go with the parent, or as soon as there is no room for
 * something else.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
public final class SpareSlots implements AutoCloseable {
  /** The most there are in one cVM: few processes of a cVM fork again and again at one time. */
  private static final int MOST_SLOTS = 4;

  /** A slot with more in it is not kept. */
  private static final int MOST_MAPPINGS = 256;

  private final MemoryLimit limit;
  private final Deque<MappedSlot> slots = new ArrayDeque<>();
  private boolean closed;

  /**
   * @param limit what the mappings are charged to
   */
  public SpareSlots(MemoryLimit limit) {
    this.limit = limit;
  }

  /**
   * Keeps the slot of an address space that has ended, in place of the one that has been kept for
   * longest if there are enough; closes it if it is not worth keeping.
   */
  void add(MappedSlot slot) {
    if (slot.hostMappings() > MOST_MAPPINGS) {
      slot.close();
      return;
    }
    slot.pages().slot().endSharing();
    try {
      slot.pages().dropWritten();
    } catch (ErrnoException e) {
      slot.close();
      return;
    }
    synchronized (this) {
      limit.chargeMappings(slot.hostMappings());
      slots.addLast(slot);
      while (slots.size() > (closed ? 0 : MOST_SLOTS)) {
        close(slots.removeFirst());
      }
    }
  }

  /** The slot that was added last for a child of a parent; null if there is none. */
  synchronized MappedSlot take(Object parent) {
    for (Iterator<MappedSlot> newest = slots.descendingIterator(); newest.hasNext(); ) {
      MappedSlot slot = newest.next();
      if (slot.parent() == parent) {
        newest.remove();
        limit.chargeMappings(-slot.hostMappings());
        return slot;
      }
    }
    return null;
  }

  /** Gives those back to the host that are for children of a parent. */
  synchronized void drop(Object parent) {
    slots.removeIf(
        slot -> {
          boolean isOne = slot.parent() == parent;
          if (isOne) {
            close(slot);
          }
          return isOne;
        });
  }

  /** Gives all of them back to the host. */
  synchronized void drop() {
    slots.forEach(this::close);
    slots.clear();
  }

  private void close(MappedSlot slot) {
    limit.chargeMappings(-slot.hostMappings());
    slot.close();
  }

  /** Gives all of them back to the host, for good. */
  @Override
  public synchronized void close() {
    closed = true;
    drop();
  }
}
