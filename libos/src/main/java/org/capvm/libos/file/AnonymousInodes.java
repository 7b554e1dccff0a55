package org.capvm.libos.file;

import java.util.concurrent.atomic.AtomicLong;

/** Numbers and status for open files without a name: pipes, sockets, event descriptors. */
public final class AnonymousInodes {
  private static final long DEVICE = FileStatus.makeDevice(0, 13);
  private static final AtomicLong NEXT = new AtomicLong(20_000);

  private AnonymousInodes() {}

  /**
   * The status of a new object.
   *
   * @param mode type and permission bits
   */
  public static FileStatus status(int mode) {
    Timestamp now = Timestamp.now();
    return new FileStatus(
        DEVICE, NEXT.getAndIncrement(), mode, 1, 0, 0, 0, 0, 4096, 0, now, now, now, now);
  }
}
