package org.capvm.monitor.channel;

/**
 * What can be done with every capability that a cVM holds, whatever it is a right to. Threads: any.
 */
public sealed interface SharedCapability extends AutoCloseable permits CpFile, CpCall, CpStream {
  /** What the holder names it by; above 0. */
  long handle();

  /** Whether it can be used, at this moment. */
  boolean isValid();

  /**
   * Lets another cVM open the object's name, and get what this capability gives.
   *
   * @param cvm its name, or {@code *} for every cVM of this Intravisor
   * @param permissions no more than this one's
   * @throws org.capvm.monitor.capability.CapabilityException NOT_PERMITTED without DELEGATE or for
   *     more permissions, NOT_VALID, QUOTA_EXCEEDED
   */
  void grant(String cvm, int permissions);

  /** Ends all that was derived from this or opened through its grants, and not this one. */
  void revoke();

  /** Ends this one and all that was derived from it; the owner's ends the object. */
  @Override
  void close();
}
