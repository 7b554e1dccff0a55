package org.capvm.libos.file.content;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * What one file has taken of what its bytes are charged to, a file system's {@link StorageQuota} or
 * the cVM's memory: everything up to the furthest byte ever written, holes included, because a
 * mapping can fill them without a call. A file made longer by {@code ftruncate} is charged when it
 * is mapped or written.
 *
 * <p>Threads: any; growing is serialized, and a write that stays below the mark costs one volatile
 * read.
 */
public final class Charge {
  private static final long UNIT = 4096;

  /** What bytes of files are taken from. Threads: any. */
  public interface Room {
    /** Takes bytes; false, and nothing taken, if there are not enough. */
    boolean takeBytes(long count);

    /** Gives bytes back. */
    void giveBytes(long count);

    /** Bytes left. */
    long bytesLeft();
  }

  private final Room quota;
  private volatile long charged;

  /** Nothing taken yet. */
  public Charge(Room quota) {
    this.quota = quota;
  }

  /**
   * Makes room for a write.
   *
   * @return how much of it fits
   * @throws ErrnoException ENOSPC if nothing does
   */
  public long admit(long position, long lengthBytes) {
    long end = position + lengthBytes;
    if (end <= charged || grow(end)) {
      return lengthBytes;
    }
    long fits = Math.min(lengthBytes, charged + quota.bytesLeft() / UNIT * UNIT - position);
    if (fits <= 0 || !grow(position + fits)) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    return fits;
  }

  /** Makes room for everything up to an end. */
  public void requireTo(long end) {
    if (end > charged && !grow(end)) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
  }

  /** Rounds up; the end of a file may be the highest number there is. */
  private static long wholeUnits(long end) {
    return end > Long.MAX_VALUE - UNIT ? Long.MAX_VALUE : (end + UNIT - 1) / UNIT * UNIT;
  }

  private synchronized boolean grow(long end) {
    long target = wholeUnits(end);
    if (target > charged) {
      if (!quota.takeBytes(target - charged)) {
        return false;
      }
      charged = target;
    }
    return true;
  }

  /** Gives back what lies beyond a file's new end; 0 gives back everything. */
  public synchronized void shrink(long end) {
    long target = wholeUnits(end);
    if (target < charged) {
      quota.giveBytes(charged - target);
      charged = target;
    }
  }
}
