package org.capvm.libos.file;

import org.capvm.libos.abi.FileMode;

/**
 * What {@code stat} says of a file.
 *
 * @param device number of the file system, as {@code makedev} packs it
 * @param inode number, unique in the file system
 * @param mode type and permission bits
 * @param deviceNumber what a device node stands for, or 0
 * @param blocks in units of 512 bytes
 */
public record FileStatus(
    long device,
    long inode,
    int mode,
    int linkCount,
    int uid,
    int gid,
    long deviceNumber,
    long size,
    int blockSize,
    long blocks,
    Timestamp access,
    Timestamp modification,
    Timestamp change,
    Timestamp birth) {

  /** Bytes in one of the units that {@link #blocks} counts. */
  public static final int BLOCK_UNIT = 512;

  /** The type bits alone: one of the {@code S_IF} constants. */
  public int type() {
    return mode & FileMode.S_IFMT;
  }

  /** The same status as seen in another file system, under another number. */
  public FileStatus withIdentity(long newDevice, long newInode) {
    return with(newDevice, newInode, mode, change);
  }

  /** The same status with other permission bits, changed now. */
  public FileStatus withPermissions(int permissions) {
    return with(device, inode, type() | permissions, Timestamp.now());
  }

  private FileStatus with(long newDevice, long newInode, int newMode, Timestamp newChange) {
    return new FileStatus(
        newDevice,
        newInode,
        newMode,
        linkCount,
        uid,
        gid,
        deviceNumber,
        size,
        blockSize,
        blocks,
        access,
        modification,
        newChange,
        birth);
  }

  /** A device number as {@code makedev(3)} packs it. */
  public static long makeDevice(int major, int minor) {
    return (minor & 0xFFL)
        | ((major & 0xFFFL) << 8)
        | ((minor & 0xFFFFFF00L) << 12)
        | ((major & 0xFFFFF000L) << 32);
  }

  /** The major part of a packed device number. */
  public static int major(long device) {
    return (int) (((device >>> 8) & 0xFFF) | ((device >>> 32) & 0xFFFFF000L));
  }

  /** The minor part of a packed device number. */
  public static int minor(long device) {
    return (int) ((device & 0xFF) | ((device >>> 12) & 0xFFFFFF00L));
  }
}
