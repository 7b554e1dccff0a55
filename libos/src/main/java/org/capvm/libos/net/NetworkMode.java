package org.capvm.libos.net;

/** What a cVM may reach beyond its own loopback: {@code --net}. */
public enum NetworkMode {
  /** Nothing. */
  NONE,
  /** What comes in through published ports. */
  PRIVATE,
  /**
   * That, and whatever the host reaches, through sockets of the host. The cVM's own loopback comes
   * first: the host's is reached on ports where nobody in the cVM is.
   */
  HOST
}
