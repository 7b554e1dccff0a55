package org.capvm.monitor.channel;

import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.Permissions;

/**
 * CP_Stream: a capability to one end of a stream of bytes. It names no memory: the bytes lie in
 * {@link RingMemory}, and what moves them is the {@link Carrier}.
 *
 * <p>Two are equal if they are the same capability. Threads: any.
 */
public final class CpStream implements SharedCapability {
  /** What moves the bytes, and lets each end be used as long as its capability is valid. */
  @FunctionalInterface
  public interface Carrier {
    /**
     * A capability to the stream ended: it was revoked, or the stream ended with its owner. When
     * this returns, no byte is being moved through it, and none will be.
     *
     * @param through compared with the one that an end was taken with
     * @param reason NOT_VALID, or OWNER_GONE if the whole stream ended
     */
    void ended(CpStream through, Reason reason);
  }

  private final Capability capability;
  private final PublishedStream stream;

  CpStream(Capability capability) {
    this.capability = capability;
    this.stream = (PublishedStream) capability.object();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CpStream named && named.capability.equals(capability);
  }

  @Override
  public int hashCode() {
    return capability.hashCode();
  }

  @Override
  public long handle() {
    return capability.handle();
  }

  @Override
  public boolean isValid() {
    return capability.isValid();
  }

  /** Whether it allows all of some {@link Permissions}. */
  public boolean permits(int permissions) {
    return Permissions.includes(capability.permissions(), permissions);
  }

  /** What moves the bytes. */
  public Carrier carrier() {
    return stream.carrier();
  }

  @Override
  public void grant(String cvm, int permissions) {
    stream.publication().grant(capability, cvm, permissions);
  }

  @Override
  public void revoke() {
    stream.tree().revokeDerived(capability);
  }

  @Override
  public void close() {
    stream.tree().revoke(capability);
  }
}
