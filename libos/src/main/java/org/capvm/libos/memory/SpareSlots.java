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
 * <p>They are charged like those in use, and go with the parent, when the parent unmaps a file, or
 * as soon as there is no room for something else.
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
   * Children of one parent that may have each other's slots: not for ever, since a slot holds the
   * files that its child was given. Guarded by the monitor of the spare slots.
   */
  static final class Siblings {
    private boolean parted;
  }

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
    keep(slot);
  }

  private synchronized void keep(MappedSlot slot) {
    limit.chargeMappings(slot.hostMappings());
    if (closed || slot.siblings().parted) {
      close(slot);
      return;
    }
    slots.addLast(slot);
    if (slots.size() > MOST_SLOTS) {
      close(slots.removeFirst());
    }
  }

  /** The slot that one of some children left last; null if there is none. */
  synchronized MappedSlot take(Siblings siblings) {
    for (Iterator<MappedSlot> newest = slots.descendingIterator(); newest.hasNext(); ) {
      MappedSlot slot = newest.next();
      if (slot.siblings() == siblings) {
        newest.remove();
        limit.chargeMappings(-slot.hostMappings());
        return slot;
      }
    }
    return null;
  }

  /** Gives back what children have left, and will yet leave. */
  synchronized void part(Siblings siblings) {
    siblings.parted = true;
    for (MappedSlot slot = take(siblings); slot != null; slot = take(siblings)) {
      slot.close();
    }
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
