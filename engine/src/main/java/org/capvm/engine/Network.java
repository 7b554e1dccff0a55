package org.capvm.engine;

/** What a cVM reaches beyond its own loopback interface. */
public enum Network {
  /** Nothing, and nothing reaches it. */
  NONE,
  /** Nothing; the host reaches the ports that are published. */
  PRIVATE,
  /** Whatever the host reaches; the host reaches the ports that are published. */
  HOST
}
