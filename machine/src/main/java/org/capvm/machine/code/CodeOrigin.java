package org.capvm.machine.code;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What makes two executable mappings the same code: the same unchanged part of the same host file.
 *
 * <p>Mappings with equal origins, guest addresses and lengths share translations, in whatever
 * address spaces they are. Give no origin to memory that the guest can change.
 *
 * @param device the host's device number of the file
 * @param inode its inode number
 * @param generation changes whenever the content does: a digest of its size and its modification
 *     and change times
 * @param fileOffset where in the file the mapping starts, in bytes
 */
public record CodeOrigin(long device, long inode, long generation, long fileOffset) {
  private static final long NO_DEVICE = -1;
  private static final AtomicLong MAPPINGS = new AtomicLong();

  /**
   * The origin of one mapping, and of those that forks make of it, whatever is mapped: like no
   * other.
   */
  public static CodeOrigin ofOneMapping() {
    return new CodeOrigin(NO_DEVICE, MAPPINGS.incrementAndGet(), 0, 0);
  }

  /** Whether it is the origin of one mapping: nobody will ask for its translations again. */
  boolean isOfOneMapping() {
    return device == NO_DEVICE;
  }
}
