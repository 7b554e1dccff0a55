package org.capvm.monitor.channel;

import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityObject;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;

/**
 * A stream that others may open. Its capabilities have an empty range: none reaches memory. It ends
 * with its first capability. Threads: any.
 */
final class PublishedStream implements CapabilityObject {
  private final Channels channels;
  private final Publication publication;
  private final CpStream.Carrier carrier;
  private volatile Capability first;

  private PublishedStream(Channels channels, String name, CpStream.Carrier carrier) {
    this.channels = channels;
    this.publication = new Publication(name, channels.tree());
    this.carrier = carrier;
  }

  /** See {@link Compartment#createStream}. */
  static Capability publish(Compartment owner, String name, CpStream.Carrier carrier) {
    Channels channels = owner.channels();
    String full = Channels.qualified(owner, name);
    PublishedStream stream = new PublishedStream(channels, full, carrier);
    int permissions = Permissions.READ | Permissions.WRITE | Permissions.DELEGATE;
    Capability made = channels.tree().create(owner.table(), stream, 0, 0, permissions);
    stream.first = made;
    try {
      channels.publish(stream.publication);
    } catch (CapabilityException refused) {
      channels.tree().revoke(made);
      throw refused;
    }
    // The owner may have ended meanwhile; what it published then is not found.
    if (!made.isValid()) {
      channels.withdraw(stream.publication);
      throw new CapabilityException(Reason.NOT_VALID);
    }
    return made;
  }

  CapabilityTree tree() {
    return channels.tree();
  }

  Publication publication() {
    return publication;
  }

  CpStream.Carrier carrier() {
    return carrier;
  }

  @Override
  public void revoked(Capability capability) {
    Capability origin = first;
    boolean ended = origin == null || !origin.isValid();
    carrier.ended(new CpStream(capability), ended ? Reason.OWNER_GONE : Reason.NOT_VALID);
    if (origin == null || capability == origin) {
      channels.withdraw(publication);
    }
  }
}
