package org.capvm.monitor.channel;

import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityObject;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;

/**
 * A stream that others may open. Its capabilities have an empty range: none reaches memory. It ends
 * with its first capability. Threads: any.
 */
final class PublishedStream implements CapabilityObject {
  private final Publication publication;
  private final CpStream.Carrier carrier;

  private PublishedStream(Publication publication, CpStream.Carrier carrier) {
    this.publication = publication;
    this.carrier = carrier;
  }

  /** See {@link Compartment#createStream}. */
  static Capability publish(Compartment owner, String name, CpStream.Carrier carrier) {
    PublishedStream stream = new PublishedStream(new Publication(owner, name), carrier);
    int permissions = Permissions.READ | Permissions.WRITE | Permissions.DELEGATE;
    return stream.publication.publish(stream, 0, 0, permissions);
  }

  CapabilityTree tree() {
    return publication.tree();
  }

  Publication publication() {
    return publication;
  }

  CpStream.Carrier carrier() {
    return carrier;
  }

  @Override
  public void revoked(Capability capability) {
    carrier.ended(new CpStream(capability), publication.reasonOfEnd());
    publication.withdrawAfter(capability);
  }
}
