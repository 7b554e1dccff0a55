package org.capvm.libos.abi;

/** Flags of the send and receive calls and of {@code struct msghdr}, by Linux's names. */
public final class MessageFlags {
  public static final int MSG_OOB = 0x01;
  public static final int MSG_PEEK = 0x02;
  public static final int MSG_DONTROUTE = 0x04;
  public static final int MSG_CTRUNC = 0x08;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_EOR = 0x80;
  public static final int MSG_WAITALL = 0x100;
  public static final int MSG_CONFIRM = 0x800;
  public static final int MSG_ERRQUEUE = 0x2000;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_MORE = 0x8000;
  public static final int MSG_WAITFORONE = 0x10000;
  public static final int MSG_FASTOPEN = 0x20000000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;

  public static final int SCM_RIGHTS = 1;
  public static final int SCM_CREDENTIALS = 2;

  /** The most descriptors one message carries. */
  public static final int SCM_MAX_FD = 253;

  private MessageFlags() {}
}
