package org.capvm.libos.abi;

/** Address families, by Linux's names. */
public final class AddressFamily {
  public static final int AF_UNSPEC = 0;
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int AF_NETLINK = 16;
  public static final int AF_PACKET = 17;

  /** One more than the highest family Linux has numbered. */
  public static final int AF_MAX = 46;

  private AddressFamily() {}
}
