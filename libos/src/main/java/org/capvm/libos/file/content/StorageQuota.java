package org.capvm.libos.file.content;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes, files and extended attributes one writable file system may hold. Threads: any.
 */
public final class StorageQuota implements Charge.Room {
  /** Names and values of extended attributes are kept in memory. */
  private static final long MAX_ATTRIBUTE_BYTES = 16 << 20;

  private final long maxBytes;
  private final long maxFiles;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong files = new AtomicLong();
  private final AtomicLong attributeBytes = new AtomicLong();

  /** An empty file system with room for so much. */
  public StorageQuota(long maxBytes, long maxFiles) {
    this.maxBytes = maxBytes;
    this.maxFiles = maxFiles;
  }

  @Override
  public boolean takeBytes(long count) {
    return take(bytes, count, maxBytes);
  }

  @Override
  public void giveBytes(long count) {
    bytes.addAndGet(-count);
  }

  /** Takes a file; false if there are too many. */
  public boolean takeFile() {
    return take(files, 1, maxFiles);
  }

  /** Gives a file back. */
  public void giveFile() {
    files.decrementAndGet();
  }

  /** Takes bytes for extended attributes; false, and nothing taken, if there are not enough. */
  public boolean takeAttributeBytes(long count) {
    return take(attributeBytes, count, MAX_ATTRIBUTE_BYTES);
  }

  /** Gives bytes of extended attributes back. */
  public void giveAttributeBytes(long count) {
    attributeBytes.addAndGet(-count);
  }

  private static boolean take(AtomicLong used, long count, long limit) {
    while (true) {
      long before = used.get();
      if (count > limit - before) {
        return false;
      }
      if (used.compareAndSet(before, before + count)) {
        return true;
      }
    }
  }

  /** The limit in bytes. */
  public long maxBytes() {
    return maxBytes;
  }

  /** The limit in files. */
  public long maxFiles() {
    return maxFiles;
  }

  @Override
  public long bytesLeft() {
    return Math.max(0, maxBytes - bytes.get());
  }

  /** Files left. */
  public long filesLeft() {
    return Math.max(0, maxFiles - files.get());
  }
}
