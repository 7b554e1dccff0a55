package org.capvm.monitor.channel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityObject;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;

/**
 * A name, the object behind it, and who may open what under it. The object ends with its first
 * capability.
 *
 * <p>An offer is a capability in the granter's table, charged to the granter: granting takes
 * nothing from the one who is granted something until it opens the name.
 *
 * <p>Threads: any; the offers are guarded by this object's monitor.
 */
final class Publication {
  /** The grantee that stands for every cVM. */
  static final String ANYONE = "*";

  private final Compartment owner;
  private final String name;
  private final CapabilityTree tree;
  private final List<Offer> offers = new ArrayList<>();
  private volatile Capability first;

  private record Offer(String grantee, Capability capability, int permissions) {}

  /**
   * Prepares one.
   *
   * @param ownName what the owner calls it
   * @throws CapabilityException UNKNOWN_NAME for a name that cannot be
   */
  Publication(Compartment owner, String ownName) {
    this.owner = owner;
    this.name = Channels.qualified(owner, ownName);
    this.tree = owner.channels().tree();
  }

  /** With the owner's name. */
  String name() {
    return name;
  }

  Compartment owner() {
    return owner;
  }

  CapabilityTree tree() {
    return tree;
  }

  /** The object's first capability; null as long as there was none. */
  Capability first() {
    return first;
  }

  /**
   * Makes the object's first capability and publishes the name.
   *
   * @throws CapabilityException NAME_TAKEN, QUOTA_EXCEEDED; NOT_VALID if the owner ends meanwhile
   */
  Capability publish(CapabilityObject object, long base, long lengthBytes, int permissions) {
    Capability made = tree.create(owner.table(), object, base, lengthBytes, permissions);
    first = made;
    try {
      owner.channels().publish(this);
      // The owner may have ended between these lines; what it published then is not found.
      if (!made.isValid()) {
        owner.channels().withdraw(this);
        throw new CapabilityException(Reason.NOT_VALID);
      }
    } catch (CapabilityException refused) {
      tree.revoke(made);
      throw refused;
    }
    return made;
  }

  /** Ends the object, which was published. */
  void end() {
    tree.revoke(first);
  }

  /**
   * Why a capability to the object has ended: OWNER_GONE if the whole object has, NOT_VALID if not.
   */
  Reason reasonOfEnd() {
    // Not set yet if the owner ended while it published; then there is no other capability.
    Capability origin = first;
    return origin == null || !origin.isValid() ? Reason.OWNER_GONE : Reason.NOT_VALID;
  }

  /**
   * Withdraws the name if it is the object's first capability that has ended.
   *
   * @return whether it is, so that the object has ended for good
   */
  boolean withdrawAfter(Capability ended) {
    Capability origin = first;
    boolean last = origin == null || ended == origin;
    if (last) {
      owner.channels().withdraw(this);
    }
    return last;
  }

  /**
   * Lets a cVM open the name.
   *
   * @param granted what is offered; its holder must be allowed to pass it on
   * @param grantee a cVM's name, or {@link #ANYONE}
   * @throws CapabilityException NOT_PERMITTED, NOT_VALID, QUOTA_EXCEEDED
   */
  synchronized void grant(Capability granted, String grantee, int permissions) {
    // At powers of two, so that many grants of one name do not take their square in time.
    if (Integer.bitCount(offers.size()) == 1) {
      offers.removeIf(offer -> !offer.capability.isValid());
    }
    Capability offered =
        tree.delegate(granted, granted.holder(), permissions | Permissions.DELEGATE);
    offers.add(new Offer(grantee, offered, permissions));
  }

  /**
   * Makes a capability of the latest offer to a cVM.
   *
   * @throws CapabilityException UNKNOWN_NAME if it was offered nothing, so that names cannot be
   *     probed; QUOTA_EXCEEDED
   */
  synchronized Capability open(Compartment opener) {
    Offer offer =
        latestOffer(opener).orElseThrow(() -> new CapabilityException(Reason.UNKNOWN_NAME));
    return tree.delegate(offer.capability, opener.table(), offer.permissions);
  }

  /** Whether a cVM could open the name. */
  synchronized boolean isOfferedTo(Compartment opener) {
    return latestOffer(opener).isPresent();
  }

  private Optional<Offer> latestOffer(Compartment opener) {
    return offers.reversed().stream()
        .filter(each -> each.grantee.equals(opener.name()) || each.grantee.equals(ANYONE))
        .filter(each -> each.capability.isValid())
        .findFirst();
  }
}
