package org.capvm.libos.file.watch;

/** Linux's names for events and for the flags of watches. */
public final class WatchEvents {
  public static final int IN_ACCESS = 0x1;
  public static final int IN_MODIFY = 0x2;
  public static final int IN_ATTRIB = 0x4;
  public static final int IN_CLOSE_WRITE = 0x8;
  public static final int IN_CLOSE_NOWRITE = 0x10;
  public static final int IN_OPEN = 0x20;
  public static final int IN_MOVED_FROM = 0x40;
  public static final int IN_MOVED_TO = 0x80;
  public static final int IN_CREATE = 0x100;
  public static final int IN_DELETE = 0x200;
  public static final int IN_DELETE_SELF = 0x400;
  public static final int IN_MOVE_SELF = 0x800;
  public static final int IN_ALL_EVENTS = 0xfff;
  public static final int IN_UNMOUNT = 0x2000;
  public static final int IN_Q_OVERFLOW = 0x4000;
  public static final int IN_IGNORED = 0x8000;
  public static final int IN_ONLYDIR = 0x0100_0000;
  public static final int IN_DONT_FOLLOW = 0x0200_0000;
  public static final int IN_EXCL_UNLINK = 0x0400_0000;
  public static final int IN_MASK_CREATE = 0x1000_0000;
  public static final int IN_MASK_ADD = 0x2000_0000;
  public static final int IN_ISDIR = 0x4000_0000;
  public static final int IN_ONESHOT = 0x8000_0000;

  /** A name changed within its directory: Linux's own event, which inotify never tells. */
  static final int FS_RENAME = 0x1000_0000;

  private WatchEvents() {}
}
