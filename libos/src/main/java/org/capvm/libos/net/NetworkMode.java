package org.capvm.libos.net;

/** What a cVM may reach beyond its own loopback: {@code --net}. */
public enum NetworkMode {
  /** Nothing. */
  NONE,
  /** What comes in through published ports. */
  PRIVATE,
  /** That, and whatever the host reaches, through sockets of the host. */
  HOST
}
