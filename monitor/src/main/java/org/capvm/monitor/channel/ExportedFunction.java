package org.capvm.monitor.channel;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityObject;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.memory.Slot;

/**
 * A function that other cVMs may call. Its capabilities are sealed: they name no memory and cannot
 * be narrowed.
 *
 * <p>It ends with its first capability, and that one ends before the slot does. Threads: any; the
 * calls in flight are guarded by this object's monitor.
 */
final class ExportedFunction implements CapabilityObject {
  /** The seal of every capability that can be called. */
  static final int SEAL = 1;

  private final Channels channels;
  private final Publication publication;
  private final Callee callee;
  private final Slot slot;
  private final Runnable end = this::end;
  private final Set<Invocation> running = new HashSet<>();
  private volatile Capability first;
  private volatile Capability owners;

  private ExportedFunction(Channels channels, String name, Callee callee, Slot slot) {
    this.channels = channels;
    this.publication = new Publication(name, channels.tree());
    this.callee = callee;
    this.slot = slot;
  }

  /** See {@link Compartment#export}. */
  static Capability export(Compartment owner, String name, Slot slot, Callee callee) {
    Channels channels = owner.channels();
    String full = Channels.qualified(owner, name);
    ExportedFunction function = new ExportedFunction(channels, full, callee, slot);
    int permissions = Permissions.CALL | Permissions.DELEGATE;
    CapabilityTree tree = channels.tree();
    Capability origin = tree.create(owner.table(), function, 0, 0, permissions);
    function.first = origin;
    try {
      channels.publish(function.publication);
      if (slot != null && !slot.beforeClose(function.end)) {
        throw new CapabilityException(Reason.OWNER_GONE);
      }
      function.owners = tree.seal(origin, SEAL);
      return function.owners;
    } catch (CapabilityException refused) {
      tree.revoke(origin);
      channels.withdraw(function.publication);
      throw refused;
    }
  }

  CapabilityTree tree() {
    return channels.tree();
  }

  Publication publication() {
    return publication;
  }

  Callee callee() {
    return callee;
  }

  /** What ends when a capability is closed: the owner's own stands for the function itself. */
  Capability endedWith(Capability capability) {
    return capability == owners ? first : capability;
  }

  private void end() {
    tree().revoke(first);
  }

  long call(Capability through, long[] words, Invocation invocation) {
    synchronized (this) {
      // Under the lock: a revocation finds the call, or the call finds the revocation.
      if (!through.isValid()) {
        throw new CapabilityException(Reason.NOT_VALID);
      }
      running.add(invocation);
    }
    try {
      return callee.call(words, invocation);
    } finally {
      synchronized (this) {
        running.remove(invocation);
      }
    }
  }

  @Override
  public void revoked(Capability capability) {
    Capability origin = first;
    boolean ended = origin == null || !origin.isValid();
    List<Invocation> cut;
    synchronized (this) {
      cut = running.stream().filter(each -> each.through() == capability).toList();
    }
    cut.forEach(each -> each.cancel(ended ? Reason.OWNER_GONE : Reason.NOT_VALID));
    if (origin == null || capability == origin) {
      channels.withdraw(publication);
      if (slot != null) {
        slot.forget(end);
      }
      callee.ended();
    }
  }
}
