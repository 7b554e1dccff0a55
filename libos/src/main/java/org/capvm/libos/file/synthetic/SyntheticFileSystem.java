package org.capvm.libos.file.synthetic;

import java.util.concurrent.atomic.AtomicLong;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.FileSystemStatus;
import org.capvm.libos.file.Timestamp;

/** A file system whose files are made up by the library OS. Threads: any. */
public final class SyntheticFileSystem extends FileSystem {
  private final String typeName;
  private final FileSystemStatus status;
  private final AtomicLong nextNumber = new AtomicLong(1);
  private final Timestamp made = Timestamp.now();
  private Directory root;

  /** A file system that still needs its root. */
  public SyntheticFileSystem(String typeName, long magic) {
    this.typeName = typeName;
    this.status = FileSystemStatus.empty(magic);
  }

  /** Sets the root, once, before the file system is used. */
  public void setRoot(Directory newRoot) {
    root = newRoot;
  }

  @Override
  public String typeName() {
    return typeName;
  }

  @Override
  public Directory root() {
    return root;
  }

  @Override
  public FileSystemStatus status() {
    return status;
  }

  /** A number for a file that exists as long as the file system. */
  public long newNumber() {
    return nextNumber.getAndIncrement();
  }

  /** The status of one of its files, which says no size. */
  public FileStatus statusOf(long number, int mode, int links, int uid, int gid, long rdev) {
    return statusOf(number, mode, links, uid, gid, rdev, 0);
  }

  /** The status of one of its files, all of whose bytes are there. */
  public FileStatus statusOf(
      long number, int mode, int links, int uid, int gid, long rdev, long size) {
    long blocks = Math.ceilDiv(size, FileStatus.BLOCK_UNIT);
    return new FileStatus(
        device(), number, mode, links, uid, gid, rdev, size, 1024, blocks, made, made, made, made);
  }
}
