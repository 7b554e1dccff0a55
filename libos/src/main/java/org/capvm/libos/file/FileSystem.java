package org.capvm.libos.file;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * One instance of a file system: a tree of inodes under one device number. Belongs to one cVM.
 * Threads: any.
 */
public abstract class FileSystem implements AutoCloseable {
  /** Linux's major number for file systems without a block device. */
  private static final int UNNAMED_MAJOR = 0;

  private static final AtomicInteger NEXT_MINOR = new AtomicInteger(32);

  private final long device = FileStatus.makeDevice(UNNAMED_MAJOR, NEXT_MINOR.getAndIncrement());

  /** The name in {@code /proc/mounts}, such as {@code tmpfs}. */
  public abstract String typeName();

  /** The root, usually a directory; a file when a single file is mounted. */
  public abstract Inode root();

  /** What {@code statfs} says. */
  public abstract FileSystemStatus status();

  /** The device number of all its files. */
  public final long device() {
    return device;
  }

  /** Writes what is buffered to its storage. */
  public void sync() {}

  /** Releases descriptors and storage. No file of it may be used afterwards. */
  @Override
  public void close() {}
}
