package org.capvm.monitor.gate;

/**
 * The functions of the kernel's vDSO that guests reach without leaving translated code for Java.
 *
 * <p>Source: the vdso(7) manual page and the exported names of the kernel's own object.
 */
public enum VdsoFunction {
  /** {@code int clock_gettime(clockid, timespec *)}. */
  CLOCK_GETTIME("__vdso_clock_gettime", 228),
  /** {@code int gettimeofday(timeval *, timezone *)}. */
  GETTIMEOFDAY("__vdso_gettimeofday", 96),
  /** {@code time_t time(time_t *)}. */
  TIME("__vdso_time", 201),
  /** {@code int clock_getres(clockid, timespec *)}. */
  CLOCK_GETRES("__vdso_clock_getres", 229),
  /** {@code int getcpu(unsigned *, unsigned *, void *)}. */
  GETCPU("__vdso_getcpu", 309);

  private final String symbol;
  private final int systemCallNumber;

  VdsoFunction(String symbol, int systemCallNumber) {
    this.symbol = symbol;
    this.systemCallNumber = systemCallNumber;
  }

  /** The name that the kernel's vDSO exports. */
  public String symbol() {
    return symbol;
  }

  /** What is in rax when the function hands over to the library OS. */
  int systemCallNumber() {
    return systemCallNumber;
  }
}
