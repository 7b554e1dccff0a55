package org.capvm.monitor.capability;

import org.capvm.monitor.capability.CapabilityException.Reason;

/**
 * A right to a range of an object: who holds it, what it allows, what it was derived from.
 *
 * <p>What it says never changes, but that it is valid at first and then not any more. Threads: any;
 * the links to relatives belong to the tree's lock.
 */
public final class Capability {
  private final CapabilityTable holder;
  private final long handle;
  private final CapabilityObject object;
  private final long hostBase;
  private final long lengthBytes;
  private final int permissions;
  private final int seal;
  private final long entry;

  /** Set before the entry's handle is cleared; never taken back. */
  private volatile boolean revoked;

  /** Set when the revocation is over. */
  private volatile boolean gone;

  // Relatives: guarded by the tree's lock.
  Capability parent;
  Capability firstChild;
  Capability nextSibling;
  Capability previousSibling;

  Capability(
      CapabilityTable holder,
      long handle,
      CapabilityObject object,
      long hostBase,
      long lengthBytes,
      int permissions,
      int seal) {
    this.holder = holder;
    this.handle = handle;
    this.object = object;
    this.hostBase = hostBase;
    this.lengthBytes = lengthBytes;
    this.permissions = permissions;
    this.seal = seal;
    entry = holder.entryAddress(handle);
  }

  /** The table it is in. */
  public CapabilityTable holder() {
    return holder;
  }

  /** What the holder names it by; above 0. */
  public long handle() {
    return handle;
  }

  /** What it is a right to. */
  public CapabilityObject object() {
    return object;
  }

  /** Host address of the first byte. */
  public long hostBase() {
    return hostBase;
  }

  /** Bytes of the range. */
  public long lengthBytes() {
    return lengthBytes;
  }

  /** What it allows: {@link Permissions}. */
  public int permissions() {
    return permissions;
  }

  /** Its seal, 0 for none. */
  public int seal() {
    return seal;
  }

  /** Whether it can be used, at this moment. */
  public boolean isValid() {
    return !revoked;
  }

  /** Host address of the entry. */
  long entry() {
    return entry;
  }

  void markRevoked() {
    revoked = true;
  }

  boolean isGone() {
    return gone;
  }

  void markGone() {
    gone = true;
  }

  /** Host address of the object's count of waiters, an aligned {@code int}. */
  public long waitersAddress() {
    return CapabilityTable.waitersAddress(this);
  }

  /**
   * The host address of a range, for a use between {@link #enter} and {@link #leave}.
   *
   * @param offset from the start of the capability's range, unsigned
   * @param bytes length, unsigned
   * @throws CapabilityException NOT_PERMITTED, SEALED, OUT_OF_RANGE
   */
  public long range(long offset, long bytes, int wanted) {
    if (seal != 0) {
      throw new CapabilityException(Reason.SEALED);
    }
    if (!Permissions.includes(permissions, wanted)) {
      throw new CapabilityException(Reason.NOT_PERMITTED);
    }
    // Subtraction form: no sum that could wrap.
    if (Long.compareUnsigned(offset, lengthBytes) > 0
        || Long.compareUnsigned(bytes, lengthBytes - offset) > 0) {
      throw new CapabilityException(Reason.OUT_OF_RANGE);
    }
    return hostBase + offset;
  }

  /**
   * Begins a use: until {@link #leave}, a revocation waits. The use must be short and must not
   * block.
   *
   * @throws CapabilityException NOT_VALID
   */
  public void enter() {
    if (!revoked) {
      CapabilityTable.addInFlight(entry, 1);
      // Again: a revocation that has not seen this use has set the flag before.
      if (!revoked) {
        return;
      }
      CapabilityTable.addInFlight(entry, -1);
    }
    throw new CapabilityException(Reason.NOT_VALID);
  }

  /** Ends a use. */
  public void leave() {
    CapabilityTable.addInFlight(entry, -1);
  }
}
