package org.capvm.libos.memory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.monitor.Intravisor;

/**
 * Where a cVM's address spaces have their slots from: new ones, and those of processes that have
 * ended, with what is mapped in them, for the next children of the same parents. What a fork gives
 * one child and the next differs in little, if in anything: to map and unmap all of it, and to make
 * and free the page tables, takes longer than all else of a fork.
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

  private final Intravisor intravisor;
  private final MemoryFile memoryFile;
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
   * @param memoryFile the cVM's memory
   * @param limit what the mappings are charged to
   */
  public SpareSlots(Intravisor intravisor, MemoryFile memoryFile, MemoryLimit limit) {
    this.intravisor = intravisor;
    this.memoryFile = memoryFile;
    this.limit = limit;
  }

  /**
   * A new slot.
   *
   * @throws ErrnoException ENOMEM if the host has no room for it
   */
  MappedSlot empty() {
    int mappings = MemoryAccount.SLOT_MAPPINGS + 1;
    if (!limit.hasRoomForMappings(mappings)) {
      drop();
    }
    if (!limit.hasRoomForMappings(mappings)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return MappedSlot.empty(intravisor, memoryFile, limit);
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

  /**
   * The slot that one of some children left last; a new one if there is none.
   *
   * @throws ErrnoException ENOMEM if the host has no room for it
   */
  MappedSlot take(Siblings siblings) {
    MappedSlot left = takeLeft(siblings);
    return left == null ? empty() : left;
  }

  private synchronized MappedSlot takeLeft(Siblings siblings) {
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
    for (MappedSlot slot = takeLeft(siblings); slot != null; slot = takeLeft(siblings)) {
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
