package org.capvm.libos;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The one way a handler, or anything it calls, gives up with an error number. Stackless and cached,
 * so that throwing costs no more than a few nanoseconds. The {@link Dispatcher} turns it into
 * {@code -errno}.
 */
public final class ErrnoException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int CACHED = 520;
  private static final AtomicReferenceArray<ErrnoException> CACHE =
      new AtomicReferenceArray<>(CACHED);

  private final int errno;

  private ErrnoException(int errno) {
    super(null, null, false, false);
    this.errno = errno;
  }

  /**
   * The exception for an error number.
   *
   * @param errno positive, one of {@link org.capvm.libos.abi.Errno}
   */
  public static ErrnoException of(int errno) {
    if (errno < 0 || errno >= CACHED) {
      return new ErrnoException(errno);
    }
    ErrnoException cached = CACHE.getPlain(errno);
    if (cached == null) {
      cached = new ErrnoException(errno);
      CACHE.set(errno, cached);
    }
    return cached;
  }

  /**
   * Passes a host call's result through, or throws if it is an error.
   *
   * @param result a value, or -4095..-1 for an error
   */
  public static long check(long result) {
    if (result < 0 && result >= -4095) {
      throw of((int) -result);
    }
    return result;
  }

  /** The positive error number. */
  public int errno() {
    return errno;
  }

  @Override
  public String getMessage() {
    return org.capvm.libos.abi.Errno.name(errno);
  }
}
