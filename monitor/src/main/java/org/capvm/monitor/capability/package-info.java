/**
 * Capabilities: which cVM may reach which bytes, and the end of that right.
 *
 * <p>Trusted. Rules, in CHERI's terms: unforgeable (kept in native tables of the monitor, named by
 * handles), monotonic (never more than the parent), sealed, delegable, revocable with all that was
 * derived. One lock, the {@link org.capvm.monitor.capability.CapabilityTree}'s, orders every
 * change; uses take no lock and are counted in the entry they go through. Nothing here knows what
 * an object is for, nor Linux.
 */
package org.capvm.monitor.capability;
