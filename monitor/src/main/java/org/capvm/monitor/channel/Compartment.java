package org.capvm.monitor.channel;

import java.util.List;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityTable;
import org.capvm.monitor.gate.GuestThread;
import org.capvm.monitor.memory.Slot;

/**
 * One cVM as a holder of capabilities: all that it can reach of others.
 *
 * <p>Methods that take a handle take it as a guest gives it. Threads: any.
 */
public final class Compartment implements AutoCloseable {
  private final Channels channels;
  private final String name;
  private final CapabilityTable table;

  Compartment(Channels channels, String name, CapabilityTable table) {
    this.channels = channels;
    this.name = name;
    this.table = table;
  }

  /** What other cVMs call it by; no other one has this name. */
  public String name() {
    return name;
  }

  Channels channels() {
    return channels;
  }

  CapabilityTable table() {
    return table;
  }

  /** Lets a thread of the cVM use the compartment's capabilities without leaving guest code. */
  public void attach(GuestThread thread) {
    thread.useCapabilities(table);
  }

  /**
   * Publishes part of the cVM's own memory.
   *
   * @param bufferName of 1 to 4096 characters, without a slash
   * @param slot where the memory is; the CP_File ends before it is closed
   * @param guestAddress any address, not only a page's
   * @param lengthBytes any length
   * @param permissions what the CP_File will allow; everybody else gets no more
   * @throws CapabilityException UNKNOWN_NAME for a name that cannot be, NAME_TAKEN, QUOTA_EXCEEDED,
   *     OUT_OF_RANGE for a range outside the cVM's address space
   */
  public CpFile create(
      String bufferName, Slot slot, long guestAddress, long lengthBytes, int permissions) {
    try {
      slot.hostAddress(guestAddress, lengthBytes);
    } catch (IllegalArgumentException outside) {
      throw new CapabilityException(Reason.OUT_OF_RANGE);
    }
    return new CpFile(
        SharedBuffer.inSlot(this, bufferName, slot, guestAddress, lengthBytes, permissions));
  }

  /**
   * Publishes zeroed memory that belongs to no cVM, and ends with the CP_File.
   *
   * @param lengthBytes 1 and above
   * @throws CapabilityException as {@link #create}
   */
  public CpFile allocate(String bufferName, long lengthBytes, int permissions) {
    return new CpFile(SharedBuffer.ofOwnPages(this, bufferName, lengthBytes, permissions));
  }

  /**
   * Opens what another cVM, or this one, has published and granted.
   *
   * @param publishedName the owner's name, a slash and the owner's name for it; without a slash,
   *     one of this cVM's own
   * @throws CapabilityException UNKNOWN_NAME if there is no such name or it was not granted,
   *     QUOTA_EXCEEDED
   */
  public SharedCapability open(String publishedName) {
    return of(channels.find(this, publishedName).open(this));
  }

  /** The names of the CP_Files that {@link #open} would open now, with their owners', sorted. */
  public List<String> fileNames() {
    return channels.bufferNames(this);
  }

  /**
   * Exports a function.
   *
   * @param functionName as for {@link #create}
   * @param slot where its code is, or null if it is Java; the export ends before it is closed
   * @param callee runs it
   * @throws CapabilityException UNKNOWN_NAME for a name that cannot be, NAME_TAKEN, QUOTA_EXCEEDED
   */
  public CpCall export(String functionName, Slot slot, Callee callee) {
    return new CpCall(ExportedFunction.export(this, functionName, slot, callee));
  }

  /**
   * Publishes a stream.
   *
   * @param streamName as for {@link #create}
   * @param carrier moves its bytes
   * @return the owner's end
   * @throws CapabilityException UNKNOWN_NAME for a name that cannot be, NAME_TAKEN, QUOTA_EXCEEDED
   */
  public CpStream createStream(String streamName, CpStream.Carrier carrier) {
    return new CpStream(PublishedStream.publish(this, streamName, carrier));
  }

  /**
   * What a handle names.
   *
   * @throws CapabilityException NOT_VALID
   */
  public SharedCapability find(long handle) {
    return of(table.find(handle));
  }

  private static SharedCapability of(Capability capability) {
    return switch (capability.object()) {
      case SharedBuffer buffer -> new CpFile(capability);
      case PublishedStream stream -> new CpStream(capability);
      default -> new CpCall(capability);
    };
  }

  /**
   * The function that a handle names.
   *
   * @throws CapabilityException NOT_VALID
   */
  public CpCall call(long handle) {
    if (find(handle) instanceof CpCall call) {
      return call;
    }
    throw new CapabilityException(Reason.NOT_VALID);
  }

  /**
   * The CP_File that a handle names.
   *
   * @throws CapabilityException NOT_VALID
   */
  public CpFile file(long handle) {
    if (find(handle) instanceof CpFile file) {
      return file;
    }
    throw new CapabilityException(Reason.NOT_VALID);
  }

  /** Revokes all that the cVM holds or has published. Its threads have ended. */
  @Override
  public void close() {
    channels.remove(this);
    channels.tree().close(table);
  }
}
