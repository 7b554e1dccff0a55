package org.capvm.monitor.memory;

/**
 * An access to guest memory that the guest itself could not have made: not mapped, not writable, or
 * outside the guest's address space. Carries no stack trace, because guests cause it at will.
 */
public final class GuestMemoryFault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long guestAddress;

  /**
   * @param guestAddress where the access began
   */
  public GuestMemoryFault(long guestAddress) {
    super(null, null, false, false);
    this.guestAddress = guestAddress;
  }

  /** Where the access began. */
  public long guestAddress() {
    return guestAddress;
  }

  @Override
  public String getMessage() {
    return "guest address 0x" + Long.toHexString(guestAddress);
  }
}
