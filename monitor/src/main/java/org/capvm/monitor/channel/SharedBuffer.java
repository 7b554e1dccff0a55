package org.capvm.monitor.channel;

import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import org.capvm.machine.host.HostMemory;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityObject;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.memory.Slot;

/**
 * Memory that a CP_File is about: part of a cVM's slot, or pages of the monitor's own.
 *
 * <p>It ends with its first capability, and that one ends before the slot does. Threads: any.
 */
final class SharedBuffer implements CapabilityObject {
  private static final long PAGE_BYTES = 4096;

  private final Publication publication;
  private final WordWaiters waiters;
  private final Slot slot;
  private final long ownPages;
  private final long lengthBytes;
  private final Runnable end;

  private SharedBuffer(Publication publication, Slot slot, long ownPages, long lengthBytes) {
    this.publication = publication;
    this.end = publication::end;
    this.waiters = new WordWaiters(publication.tree().access());
    this.slot = slot;
    this.ownPages = ownPages;
    this.lengthBytes = lengthBytes;
  }

  /** See {@link Compartment#create}. */
  static Capability inSlot(
      Compartment owner,
      String name,
      Slot slot,
      long guestAddress,
      long lengthBytes,
      int permissions) {
    long base = slot.hostAddress(guestAddress, lengthBytes);
    Publication publication = new Publication(owner, name);
    return new SharedBuffer(publication, slot, 0, lengthBytes).publish(base, permissions);
  }

  /** See {@link Compartment#allocate}. */
  static Capability ofOwnPages(Compartment owner, String name, long lengthBytes, int permissions) {
    Publication publication = new Publication(owner, name);
    long mapped = pageUp(lengthBytes);
    long pages = HostMemory.reserve(mapped, PROT_READ | PROT_WRITE);
    SharedBuffer buffer = new SharedBuffer(publication, null, pages, lengthBytes);
    try {
      return buffer.publish(pages, permissions);
    } catch (CapabilityException refused) {
      if (publication.first() == null) {
        HostMemory.munmap(pages, mapped);
      }
      throw refused;
    }
  }

  private Capability publish(long base, int permissions) {
    Capability made = publication.publish(this, base, lengthBytes, permissions);
    if (slot != null && !slot.beforeClose(end)) {
      publication.end();
      throw new CapabilityException(Reason.OWNER_GONE);
    }
    return made;
  }

  CapabilityTree tree() {
    return publication.tree();
  }

  Publication publication() {
    return publication;
  }

  WordWaiters waiters() {
    return waiters;
  }

  /** See {@link org.capvm.monitor.memory.GuestMemory#repaired}; pages of its own never need it. */
  long repaired(long hostAddress, long before) {
    return slot == null ? before : slot.memory().repaired(hostAddress - slot.hostBase(), before);
  }

  @Override
  public void revoked(Capability capability) {
    waiters.revoked(capability, publication.reasonOfEnd());
    if (publication.withdrawAfter(capability)) {
      if (slot == null) {
        HostMemory.munmap(ownPages, pageUp(lengthBytes));
      } else {
        slot.forget(end);
      }
    }
  }

  private static long pageUp(long lengthBytes) {
    return Math.max(PAGE_BYTES, (lengthBytes + PAGE_BYTES - 1) & -PAGE_BYTES);
  }
}
