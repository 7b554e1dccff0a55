package org.capvm.libos.file.host;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Timestamp;
import org.capvm.libos.file.content.HostContent;
import org.capvm.libos.host.HostPathcalls;

/**
 * A host file's {@code struct statx}, read out. Used by one thread.
 *
 * <pre>
 *   0x00 mask      0x04 blksize   0x08 attributes  0x10 nlink   0x14 uid    0x18 gid   0x1c mode (2 bytes)
 *   0x20 ino       0x28 size      0x30 blocks      0x40 atime   0x50 btime  0x60 ctime 0x70 mtime
 *   0x80 rdev major, minor        0x88 dev major, minor         (times: 8 bytes seconds, 4 nanoseconds)
 * </pre>
 */
public final class HostStatus implements HostPathcalls.HostStatusReader {
  private long inode;
  private long size;
  private long blocks;
  private long hostDevice;
  private long deviceNumber;
  private int mode;
  private int linkCount;
  private int uid;
  private int gid;
  private int blockSize;
  private Timestamp access;
  private Timestamp modification;
  private Timestamp change;
  private Timestamp birth;

  @Override
  public void read(MemorySegment statx) {
    blockSize = statx.get(JAVA_INT, 0x04);
    linkCount = statx.get(JAVA_INT, 0x10);
    uid = statx.get(JAVA_INT, 0x14);
    gid = statx.get(JAVA_INT, 0x18);
    mode = statx.get(JAVA_SHORT, 0x1c) & 0xFFFF;
    inode = statx.get(JAVA_LONG, 0x20);
    size = statx.get(JAVA_LONG, 0x28);
    blocks = statx.get(JAVA_LONG, 0x30);
    access = time(statx, 0x40);
    birth = time(statx, 0x50);
    change = time(statx, 0x60);
    modification = time(statx, 0x70);
    deviceNumber = FileStatus.makeDevice(statx.get(JAVA_INT, 0x80), statx.get(JAVA_INT, 0x84));
    hostDevice = FileStatus.makeDevice(statx.get(JAVA_INT, 0x88), statx.get(JAVA_INT, 0x8c));
  }

  private static Timestamp time(MemorySegment statx, long offset) {
    return new Timestamp(statx.get(JAVA_LONG, offset), statx.get(JAVA_INT, offset + 8));
  }

  /** The type bits. */
  public int type() {
    return mode & FileMode.S_IFMT;
  }

  /** Type and permission bits. */
  public int mode() {
    return mode;
  }

  /** The host's inode number. */
  public long inode() {
    return inode;
  }

  /** The host's number of the device the file is on. */
  public long hostDevice() {
    return hostDevice;
  }

  /** The file's size in bytes. */
  public long size() {
    return size;
  }

  /** The status as the guest sees it, on a device of its own. */
  public FileStatus status(long device) {
    return new FileStatus(
        device,
        inode,
        mode,
        linkCount,
        uid,
        gid,
        deviceNumber,
        size,
        blockSize,
        blocks,
        access,
        modification,
        change,
        birth);
  }

  /** What tells this content from any other, as long as nobody sets clocks back. */
  public HostContent.CodeSource codeSource() {
    long generation = size;
    generation = generation * 31 + modification.seconds() * 1_000_000_000L + modification.nanos();
    generation = generation * 31 + change.seconds() * 1_000_000_000L + change.nanos();
    return new HostContent.CodeSource(hostDevice, inode, generation);
  }
}
