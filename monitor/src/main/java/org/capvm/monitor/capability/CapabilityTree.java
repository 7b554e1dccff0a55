package org.capvm.monitor.capability;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.memory.FaultSafeAccess;

/**
 * All capabilities of an Intravisor, as a forest: each but the first to an object was derived from
 * another one.
 *
 * <p>Every method that makes a capability keeps the rules: a derived one has no more range and no
 * more permissions than its parent, a sealed one is passed on as it is or not at all, and only a
 * holder with the permission passes one to another cVM.
 *
 * <p>Threads: any. Changes are ordered by this object's monitor; revocations wait outside of it.
 */
public final class CapabilityTree {
  private static final int SPINS = 1000;
  private static final long PAUSE_NANOS = 20_000;

  private final FaultSafeAccess access;

  /**
   * Makes an empty forest.
   *
   * @param access how bytes are reached; whoever has it is trusted with all memory
   */
  public CapabilityTree(FaultSafeAccess access) {
    this.access = access;
  }

  /** How bytes are reached. */
  public FaultSafeAccess access() {
    return access;
  }

  /** Makes an empty table that holds up to {@code quota} capabilities at a time. */
  public CapabilityTable newTable(int quota) {
    return new CapabilityTable(quota);
  }

  /**
   * Makes the first capability to an object. The caller answers for the range.
   *
   * @throws CapabilityException QUOTA_EXCEEDED, NOT_VALID for a closed table
   */
  public synchronized Capability create(
      CapabilityTable holder,
      CapabilityObject object,
      long hostBase,
      long lengthBytes,
      int permissions) {
    return holder.add(object, hostBase, lengthBytes, permissions, 0, null);
  }

  /**
   * Makes a narrower one for the same holder.
   *
   * @param offset from the start of the parent's range, unsigned
   * @param lengthBytes unsigned
   * @param permissions no more than the parent's
   * @throws CapabilityException NOT_VALID, SEALED, OUT_OF_RANGE, NOT_PERMITTED, QUOTA_EXCEEDED
   */
  public synchronized Capability derive(
      Capability parent, long offset, long lengthBytes, int permissions) {
    checkValid(parent);
    long base = parent.range(offset, lengthBytes, permissions);
    return child(parent, parent.holder(), base, lengthBytes, permissions, 0);
  }

  /**
   * Makes a copy for another holder, with no more permissions. Seal and range stay.
   *
   * @throws CapabilityException NOT_VALID, NOT_PERMITTED, QUOTA_EXCEEDED of the receiver
   */
  public synchronized Capability delegate(
      Capability parent, CapabilityTable receiver, int permissions) {
    checkValid(parent);
    if (!Permissions.includes(parent.permissions(), permissions | Permissions.DELEGATE)) {
      throw new CapabilityException(Reason.NOT_PERMITTED);
    }
    return child(
        parent, receiver, parent.hostBase(), parent.lengthBytes(), permissions, parent.seal());
  }

  /**
   * Makes a narrower one for another holder: {@link #derive} and {@link #delegate} at once.
   *
   * @throws CapabilityException NOT_VALID, SEALED, OUT_OF_RANGE, NOT_PERMITTED, QUOTA_EXCEEDED of
   *     the receiver
   */
  public synchronized Capability lend(
      Capability parent, CapabilityTable receiver, long offset, long lengthBytes, int permissions) {
    checkValid(parent);
    long base = parent.range(offset, lengthBytes, permissions | Permissions.DELEGATE);
    return child(parent, receiver, base, lengthBytes, permissions, 0);
  }

  /**
   * Makes a sealed one, which can be invoked by whom the seal is for, and neither read nor
   * narrowed.
   *
   * @param seal not 0
   * @throws CapabilityException NOT_VALID, SEALED, QUOTA_EXCEEDED
   */
  public synchronized Capability seal(Capability parent, int seal) {
    checkValid(parent);
    if (parent.seal() != 0 || seal == 0) {
      throw new CapabilityException(Reason.SEALED);
    }
    return child(
        parent,
        parent.holder(),
        parent.hostBase(),
        parent.lengthBytes(),
        parent.permissions(),
        seal);
  }

  /**
   * Makes one that is not sealed out of one that is, for the same holder.
   *
   * @param seal the one it must have
   * @throws CapabilityException NOT_VALID, SEALED if it has another seal or none, QUOTA_EXCEEDED
   */
  public synchronized Capability unseal(Capability parent, int seal) {
    checkValid(parent);
    if (parent.seal() != seal || seal == 0) {
      throw new CapabilityException(Reason.SEALED);
    }
    return child(
        parent, parent.holder(), parent.hostBase(), parent.lengthBytes(), parent.permissions(), 0);
  }

  private static void checkValid(Capability capability) {
    if (!capability.isValid()) {
      throw new CapabilityException(Reason.NOT_VALID);
    }
  }

  private static Capability child(
      Capability parent,
      CapabilityTable holder,
      long hostBase,
      long lengthBytes,
      int permissions,
      int seal) {
    Capability made = holder.add(parent.object(), hostBase, lengthBytes, permissions, seal, parent);
    made.parent = parent;
    made.nextSibling = parent.firstChild;
    if (parent.firstChild != null) {
      parent.firstChild.previousSibling = made;
    }
    parent.firstChild = made;
    return made;
  }

  /**
   * Ends a capability and all that were derived from it. When this returns, no use through any of
   * them is in flight and none will begin; that holds for one that another thread is revoking too.
   */
  public void revoke(Capability capability) {
    List<Capability> ended = new ArrayList<>();
    List<Capability> endedByOthers = new ArrayList<>();
    synchronized (this) {
      invalidateAll(capability, ended, endedByOthers);
    }
    ended.forEach(CapabilityTree::awaitUses);
    endedByOthers.forEach(CapabilityTree::awaitEnd);
    if (!ended.isEmpty()) {
      ended.forEach(each -> each.object().revoked(each));
      synchronized (this) {
        // Linked until now, so that whoever revokes an ancestor meanwhile waits for this.
        unlink(capability);
        for (Capability each : ended) {
          each.holder().remove(each);
          each.markGone();
        }
      }
    }
  }

  /** Revokes all that were derived from a capability, and not the capability itself. */
  public void revokeDerived(Capability capability) {
    List<Capability> children = new ArrayList<>();
    synchronized (this) {
      for (Capability each = capability.firstChild; each != null; each = each.nextSibling) {
        children.add(each);
      }
    }
    children.forEach(this::revoke);
  }

  /** Revokes all that a cVM holds, and takes its table back. */
  public void close(CapabilityTable table) {
    List<Capability> held;
    synchronized (this) {
      table.stopAdding();
      held = table.all();
    }
    held.forEach(this::revoke);
    table.recycle();
  }

  private static void unlink(Capability capability) {
    Capability parent = capability.parent;
    if (parent != null && parent.firstChild == capability) {
      parent.firstChild = capability.nextSibling;
    }
    if (capability.previousSibling != null) {
      capability.previousSibling.nextSibling = capability.nextSibling;
    }
    if (capability.nextSibling != null) {
      capability.nextSibling.previousSibling = capability.previousSibling;
    }
  }

  /**
   * Invalidates a subtree, without recursion: a guest decides how deep it is. What another thread
   * is revoking already is left to it, and to be waited for: it began earlier, so that no two
   * threads wait for each other.
   */
  private static void invalidateAll(
      Capability top, List<Capability> ended, List<Capability> endedByOthers) {
    ArrayDeque<Capability> left = new ArrayDeque<>();
    left.push(top);
    while (!left.isEmpty()) {
      Capability each = left.pop();
      if (!each.isValid()) {
        endedByOthers.add(each);
        continue;
      }
      for (Capability child = each.firstChild; child != null; child = child.nextSibling) {
        left.push(child);
      }
      CapabilityTable.invalidate(each);
      ended.add(each);
    }
  }

  private static void awaitEnd(Capability capability) {
    while (!capability.isGone()) {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /** Uses are copies of a bounded size, so that this takes microseconds. */
  private static void awaitUses(Capability capability) {
    for (int spin = 0; CapabilityTable.inFlight(capability) != 0; spin++) {
      if (spin < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }
}
