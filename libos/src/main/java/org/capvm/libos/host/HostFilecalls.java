package org.capvm.libos.host;

import static org.capvm.libos.host.HostSystemCall.call;

/**
 * More host calls on descriptors of files: vectors at a position, copies inside the host, times.
 * Every method returns what Linux returns, a value or -errno.
 */
public final class HostFilecalls {
  private static final int SENDFILE = 40;
  private static final int FADVISE64 = 221;
  private static final int SYNC_FILE_RANGE = 277;
  private static final int COPY_FILE_RANGE = 326;
  private static final int PREADV2 = 327;
  private static final int PWRITEV2 = 328;

  private HostFilecalls() {}

  /**
   * {@code preadv2}.
   *
   * @param position in the file, or -1 for the descriptor's own offset
   * @param flags {@code RWF_} flags
   */
  public static long preadv(int descriptor, long hostVector, int count, long position, int flags) {
    return call(PREADV2, descriptor, hostVector, count, position, 0, flags);
  }

  /** {@code pwritev2}; parameters as for {@link #preadv}. */
  public static long pwritev(int descriptor, long hostVector, int count, long position, int flags) {
    return call(PWRITEV2, descriptor, hostVector, count, position, 0, flags);
  }

  /**
   * {@code sendfile} from a descriptor's position in memory.
   *
   * @param hostPositionAddress where the input's position is read and stored
   */
  public static long sendfile(int output, int input, long hostPositionAddress, long lengthBytes) {
    return call(SENDFILE, output, input, hostPositionAddress, lengthBytes);
  }

  /** {@code copy_file_range} between positions in memory. */
  public static long copyFileRange(
      int input, long hostInputPosition, int output, long hostOutputPosition, long lengthBytes) {
    return call(
        COPY_FILE_RANGE, input, hostInputPosition, output, hostOutputPosition, lengthBytes, 0);
  }

  /** {@code fadvise64}. */
  public static long advise(int descriptor, long offset, long lengthBytes, int advice) {
    return call(FADVISE64, descriptor, offset, lengthBytes, advice);
  }

  /** {@code sync_file_range}. */
  public static long syncRange(int descriptor, long offset, long lengthBytes, int flags) {
    return call(SYNC_FILE_RANGE, descriptor, offset, lengthBytes, flags);
  }
}
