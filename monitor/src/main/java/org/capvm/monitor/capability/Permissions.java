package org.capvm.monitor.capability;

/** The bits that say what a capability allows; a set of them is an {@code int}. */
public final class Permissions {
  /** Bytes may be copied out of the range, and words of it waited for. */
  public static final int READ = 1;

  /** Bytes may be copied into the range. */
  public static final int WRITE = 2;

  /** The function may be called. */
  public static final int CALL = 4;

  /** Those who wait for words of the range may be woken. */
  public static final int NOTIFY = 8;

  /** A copy may be passed to another cVM. */
  public static final int DELEGATE = 16;

  /** Every permission there is. */
  public static final int ALL = READ | WRITE | CALL | NOTIFY | DELEGATE;

  private Permissions() {}

  /** Whether a set has all of another's members. */
  public static boolean includes(int set, int wanted) {
    return (wanted & ~set) == 0;
  }
}
