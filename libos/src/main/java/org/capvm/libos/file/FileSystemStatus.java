package org.capvm.libos.file;

/**
 * What {@code statfs} says of a file system.
 *
 * @param magic the file system's {@code f_type}
 * @param blockSize in bytes; the unit of the block counts
 */
public record FileSystemStatus(
    long magic,
    long blockSize,
    long blocks,
    long blocksFree,
    long blocksAvailable,
    long files,
    long filesFree,
    long nameLength) {

  public static final long TMPFS_MAGIC = 0x01021994;
  public static final long PROC_SUPER_MAGIC = 0x9fa0;
  public static final long SYSFS_MAGIC = 0x62656572;
  public static final long OVERLAYFS_SUPER_MAGIC = 0x794c7630;
  public static final long DEVPTS_SUPER_MAGIC = 0x1cd1;
  public static final long PIPEFS_MAGIC = 0x50495045;
  public static final long ANON_INODE_FS_MAGIC = 0x09041934;

  /** A file system that stores nothing. */
  public static FileSystemStatus empty(long magic) {
    return new FileSystemStatus(magic, 4096, 0, 0, 0, 0, 0, Directory.NAME_MAX);
  }
}
