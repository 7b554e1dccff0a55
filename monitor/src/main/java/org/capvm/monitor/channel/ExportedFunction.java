package org.capvm.monitor.channel;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityObject;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.gate.CallTarget;
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

  private final Publication publication;
  private final Callee callee;
  private final Slot slot;
  private final Runnable end;
  private final Set<Invocation> running = new HashSet<>();
  private volatile Capability owners;

  private ExportedFunction(Publication publication, Callee callee, Slot slot) {
    this.publication = publication;
    this.end = publication::end;
    this.callee = callee;
    this.slot = slot;
  }

  /** See {@link Compartment#export}. */
  static Capability export(Compartment owner, String name, Slot slot, Callee callee) {
    Publication publication = new Publication(owner, name);
    ExportedFunction function = new ExportedFunction(publication, callee, slot);
    int permissions = Permissions.CALL | Permissions.DELEGATE;
    // Sealed, the base is no memory to anybody but the code that makes calls.
    long base = callee.target().map(CallTarget::hostAddress).orElse(0L);
    Capability origin = publication.publish(function, base, 0, permissions);
    try {
      if (slot != null && !slot.beforeClose(function.end)) {
        throw new CapabilityException(Reason.OWNER_GONE);
      }
      function.owners = publication.tree().seal(origin, SEAL);
      return function.owners;
    } catch (CapabilityException refused) {
      publication.end();
      throw refused;
    }
  }

  CapabilityTree tree() {
    return publication.tree();
  }

  Publication publication() {
    return publication;
  }

  Callee callee() {
    return callee;
  }

  /** What ends when a capability is closed: the owner's own stands for the function itself. */
  Capability endedWith(Capability capability) {
    return capability == owners ? publication.first() : capability;
  }

  long during(Capability through, Invocation invocation, LongSupplier call) {
    synchronized (this) {
      // Under the lock: a revocation finds the call, or the call finds the revocation.
      if (!through.isValid()) {
        throw new CapabilityException(Reason.NOT_VALID);
      }
      running.add(invocation);
    }
    try {
      return call.getAsLong();
    } finally {
      synchronized (this) {
        running.remove(invocation);
      }
    }
  }

  @Override
  public void revoked(Capability capability) {
    List<Invocation> cut;
    synchronized (this) {
      cut = running.stream().filter(each -> each.through() == capability).toList();
    }
    Reason reason = publication.reasonOfEnd();
    cut.forEach(each -> each.cancel(reason));
    callee.target().ifPresent(CallTarget::interruptCalls);
    if (publication.withdrawAfter(capability)) {
      if (slot != null) {
        slot.forget(end);
      }
      callee.ended();
    }
  }
}
