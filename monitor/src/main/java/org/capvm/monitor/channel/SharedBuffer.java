package org.capvm.monitor.channel;

import static org.capvm.machine.host.HostMemory.MAP_ANONYMOUS;
import static org.capvm.machine.host.HostMemory.MAP_NORESERVE;
import static org.capvm.machine.host.HostMemory.MAP_PRIVATE;
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

  private final Channels channels;
  private final Publication publication;
  private final WordWaiters waiters;
  private final Slot slot;
  private final long ownPages;
  private final long lengthBytes;
  private final Runnable end = this::end;
  private volatile Capability first;

  private SharedBuffer(Channels channels, String name, Slot slot, long ownPages, long lengthBytes) {
    this.channels = channels;
    this.publication = new Publication(name, channels.tree());
    this.waiters = new WordWaiters(channels.tree().access());
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
    String full = Channels.qualified(owner, name);
    SharedBuffer buffer = new SharedBuffer(owner.channels(), full, slot, 0, lengthBytes);
    return buffer.publish(owner, base, permissions);
  }

  /** See {@link Compartment#allocate}. */
  static Capability ofOwnPages(Compartment owner, String name, long lengthBytes, int permissions) {
    String full = Channels.qualified(owner, name);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    long mapped = pageUp(lengthBytes);
    long pages = HostMemory.mmap(0, mapped, PROT_READ | PROT_WRITE, flags, -1, 0);
    SharedBuffer buffer = new SharedBuffer(owner.channels(), full, null, pages, lengthBytes);
    try {
      return buffer.publish(owner, pages, permissions);
    } catch (CapabilityException refused) {
      if (buffer.first == null) {
        HostMemory.munmap(pages, mapped);
      }
      throw refused;
    }
  }

  private Capability publish(Compartment owner, long base, int permissions) {
    Capability made = channels.tree().create(owner.table(), this, base, lengthBytes, permissions);
    first = made;
    try {
      channels.publish(publication);
      if (slot != null && !slot.beforeClose(end)) {
        throw new CapabilityException(Reason.OWNER_GONE);
      }
      // The owner may have ended between these lines; what it published then is not found.
      if (!made.isValid()) {
        channels.withdraw(publication);
        throw new CapabilityException(Reason.NOT_VALID);
      }
    } catch (CapabilityException refused) {
      channels.tree().revoke(made);
      throw refused;
    }
    return made;
  }

  private void end() {
    channels.tree().revoke(first);
  }

  CapabilityTree tree() {
    return channels.tree();
  }

  Publication publication() {
    return publication;
  }

  WordWaiters waiters() {
    return waiters;
  }

  @Override
  public void revoked(Capability capability) {
    // Not set yet if the owner ended while it published; then there is no other capability.
    Capability origin = first;
    boolean ended = origin == null || !origin.isValid();
    waiters.revoked(capability, ended ? Reason.OWNER_GONE : Reason.NOT_VALID);
    if (origin == null || capability == origin) {
      channels.withdraw(publication);
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
