package org.capvm.monitor.capability;

/** What capabilities are rights to. Threads: called on any thread, without the tree's lock. */
public interface CapabilityObject {
  /**
   * Hears that a capability to the object is not valid any more; no use through it is in flight.
   *
   * @param capability the one revoked, itself or with its parent
   */
  void revoked(Capability capability);
}
