package org.capvm.monitor.channel;

import java.util.ArrayList;
import java.util.List;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;

/**
 * A name, and who may open what under it.
 *
 * <p>An offer is a capability in the granter's table, charged to the granter: granting takes
 * nothing from the one who is granted something until it opens the name.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
final class Publication {
  /** The grantee that stands for every cVM. */
  static final String ANYONE = "*";

  private final String name;
  private final CapabilityTree tree;
  private final List<Offer> offers = new ArrayList<>();

  private record Offer(String grantee, Capability capability, int permissions) {}

  Publication(String name, CapabilityTree tree) {
    this.name = name;
    this.tree = tree;
  }

  String name() {
    return name;
  }

  /**
   * Lets a cVM open the name.
   *
   * @param granted what is offered; its holder must be allowed to pass it on
   * @param grantee a cVM's name, or {@link #ANYONE}
   * @throws CapabilityException NOT_PERMITTED, NOT_VALID, QUOTA_EXCEEDED
   */
  synchronized void grant(Capability granted, String grantee, int permissions) {
    offers.removeIf(offer -> !offer.capability.isValid());
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
    for (Offer offer : offers.reversed()) {
      boolean meant = offer.grantee.equals(opener.name()) || offer.grantee.equals(ANYONE);
      if (meant && offer.capability.isValid()) {
        return tree.delegate(offer.capability, opener.table(), offer.permissions);
      }
    }
    throw new CapabilityException(Reason.UNKNOWN_NAME);
  }
}
