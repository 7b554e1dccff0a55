package org.capvm.libos.file.calls;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystemStatus;
import org.capvm.libos.file.Timestamp;
import org.capvm.monitor.memory.GuestMemory;

/** Writes {@code struct stat}, {@code struct statx} and {@code struct statfs} to guest memory. */
final class StatStructures {
  private static final int STAT_BYTES = 144;
  private static final int STATX_BYTES = 256;
  private static final int STATFS_BYTES = 120;
  private static final int STATX_BASIC_AND_BIRTH = 0xfff;
  private static final long ST_RDONLY = 1;
  private static final long ST_VALID = 0x20;

  private StatStructures() {}

  /**
   * <pre>
   *   0 dev   8 ino   16 nlink   24 mode 28 uid 32 gid   40 rdev   48 size   56 blksize   64 blocks
   *   72 atime  88 mtime  104 ctime (8 bytes seconds, 8 bytes nanoseconds each)
   * </pre>
   */
  static void writeStat(GuestMemory memory, long guestAddress, FileStatus status) {
    ByteBuffer buffer = buffer(STAT_BYTES);
    buffer.putLong(0, status.device());
    buffer.putLong(8, status.inode());
    buffer.putLong(16, status.linkCount());
    buffer.putInt(24, status.mode());
    buffer.putInt(28, status.uid());
    buffer.putInt(32, status.gid());
    buffer.putLong(40, status.deviceNumber());
    buffer.putLong(48, status.size());
    buffer.putLong(56, status.blockSize());
    buffer.putLong(64, status.blocks());
    putTime(buffer, 72, status.access());
    putTime(buffer, 88, status.modification());
    putTime(buffer, 104, status.change());
    memory.write(guestAddress, buffer.array(), 0, STAT_BYTES);
  }

  private static void putTime(ByteBuffer buffer, int offset, Timestamp time) {
    buffer.putLong(offset, time.seconds());
    buffer.putLong(offset + 8, time.nanos());
  }

  /** The layout is that of {@link org.capvm.libos.file.host.HostStatus}. */
  static void writeStatx(GuestMemory memory, long guestAddress, FileStatus status) {
    ByteBuffer buffer = buffer(STATX_BYTES);
    buffer.putInt(0x00, STATX_BASIC_AND_BIRTH);
    buffer.putInt(0x04, status.blockSize());
    buffer.putInt(0x10, status.linkCount());
    buffer.putInt(0x14, status.uid());
    buffer.putInt(0x18, status.gid());
    buffer.putShort(0x1c, (short) status.mode());
    buffer.putLong(0x20, status.inode());
    buffer.putLong(0x28, status.size());
    buffer.putLong(0x30, status.blocks());
    putShortTime(buffer, 0x40, status.access());
    putShortTime(buffer, 0x50, status.birth());
    putShortTime(buffer, 0x60, status.change());
    putShortTime(buffer, 0x70, status.modification());
    buffer.putInt(0x80, FileStatus.major(status.deviceNumber()));
    buffer.putInt(0x84, FileStatus.minor(status.deviceNumber()));
    buffer.putInt(0x88, FileStatus.major(status.device()));
    buffer.putInt(0x8c, FileStatus.minor(status.device()));
    memory.write(guestAddress, buffer.array(), 0, STATX_BYTES);
  }

  private static void putShortTime(ByteBuffer buffer, int offset, Timestamp time) {
    buffer.putLong(offset, time.seconds());
    buffer.putInt(offset + 8, time.nanos());
  }

  /**
   * Eight bytes a field: type, bsize, blocks, bfree, bavail, files, ffree, fsid, namelen, frsize,
   * flags.
   */
  static void writeStatfs(
      GuestMemory memory,
      long guestAddress,
      FileSystemStatus status,
      long device,
      boolean readOnly) {
    ByteBuffer buffer = buffer(STATFS_BYTES);
    buffer.putLong(0, status.magic());
    buffer.putLong(8, status.blockSize());
    buffer.putLong(16, status.blocks());
    buffer.putLong(24, status.blocksFree());
    buffer.putLong(32, status.blocksAvailable());
    buffer.putLong(40, status.files());
    buffer.putLong(48, status.filesFree());
    buffer.putLong(56, device);
    buffer.putLong(64, status.nameLength());
    buffer.putLong(72, status.blockSize());
    buffer.putLong(80, ST_VALID | (readOnly ? ST_RDONLY : 0));
    memory.write(guestAddress, buffer.array(), 0, STATFS_BYTES);
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
