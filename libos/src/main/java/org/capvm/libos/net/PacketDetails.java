package org.capvm.libos.net;

/**
 * What a receiver of a datagram may ask to be told of the packet that brought it.
 *
 * @param destination the address it was sent to; null where a sender's wish is meant
 * @param hopLimit the time to live, or {@link #DEFAULT}
 * @param trafficClass the type of service, or {@link #DEFAULT}
 */
record PacketDetails(InternetAddress destination, int hopLimit, int trafficClass) {
  /** The sender did not say. */
  static final int DEFAULT = -1;

  /** A sender without wishes. */
  static final PacketDetails NONE = new PacketDetails(null, DEFAULT, DEFAULT);

  PacketDetails withHopLimit(int limit) {
    return new PacketDetails(destination, limit, trafficClass);
  }

  PacketDetails withTrafficClass(int newClass) {
    return new PacketDetails(destination, hopLimit, newClass);
  }
}
