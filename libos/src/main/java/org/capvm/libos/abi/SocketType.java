package org.capvm.libos.abi;

/** Socket types and the flags that {@code socket} takes with them, by Linux's names. */
public final class SocketType {
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_RAW = 3;
  public static final int SOCK_RDM = 4;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOCK_PACKET = 10;

  /** One more than the highest type. */
  public static final int SOCK_MAX = 11;

  /** The type without the flags. */
  public static final int SOCK_TYPE_MASK = 0xf;

  public static final int SOCK_NONBLOCK = 04000;
  public static final int SOCK_CLOEXEC = 02000000;

  public static final int SHUT_RD = 0;
  public static final int SHUT_WR = 1;
  public static final int SHUT_RDWR = 2;

  /** The longest accept queue: {@code net.core.somaxconn}. */
  public static final int SOMAXCONN = 4096;

  private SocketType() {}
}
