package org.capvm.libos.host;

import static org.capvm.libos.host.HostSystemCall.call;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.abi.OpenFlags;

/**
 * Host calls on descriptors. Every method returns what Linux returns, a value or -errno. Addresses
 * are host addresses: of guest memory (from {@code Slot.hostAddress}, after its range check) or of
 * {@link HostScratch}. A call on a descriptor that may block forever must go through {@link
 * org.capvm.libos.process.Task#awaitHost} first, or signals cannot interrupt it.
 */
public final class Hostcalls {
  /** Linux's encoding of a thread's own clock: per thread, scheduler time. */
  private static final int CPUCLOCK_PERTHREAD_SCHED = 6;

  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int CLOSE = 3;
  private static final int LSEEK = 8;
  private static final int PREAD64 = 17;
  private static final int PWRITE64 = 18;
  private static final int READV = 19;
  private static final int WRITEV = 20;
  private static final int IOCTL = 16;
  private static final int FCNTL = 72;
  private static final int FSYNC = 74;
  private static final int FDATASYNC = 75;
  private static final int FTRUNCATE = 77;
  private static final int GETDENTS64 = 217;
  private static final int PPOLL = 271;
  private static final int FALLOCATE = 285;
  private static final int PIPE2 = 293;
  private static final int EVENTFD2 = 290;
  private static final int GETRANDOM = 318;
  private static final int MEMFD_CREATE = 319;
  private static final int STATX = 332;
  private static final int OPENAT2 = 437;
  private static final int OPENAT = 257;
  private static final int GETRUSAGE = 98;
  private static final int SYSINFO = 99;
  private static final int GETTID = 186;
  private static final int GETCPU = 309;
  private static final int MEMBARRIER = 324;
  private static final int SCHED_YIELD = 24;
  private static final int SCHED_SETAFFINITY = 203;
  private static final int SCHED_GETAFFINITY = 204;
  private static final int CLOCK_GETTIME = 228;
  private static final int CLOCK_GETRES = 229;
  private static final int MINCORE = 27;
  private static final int MSYNC = 26;
  private static final int FUTEX = 202;
  private static final int FUTEX_WAKE_PRIVATE = 1 | 128;
  private static final int FUTEX_WAIT_BITSET_PRIVATE = 9 | 128;
  private static final int FUTEX_BITSET_MATCH_ANY = -1;
  private static final int AT_FDCWD = -100;

  private Hostcalls() {}

  /** {@code read}. */
  public static long read(int hostDescriptor, long hostAddress, long lengthBytes) {
    return call(READ, hostDescriptor, hostAddress, lengthBytes);
  }

  /** {@code write}. */
  public static long write(int hostDescriptor, long hostAddress, long lengthBytes) {
    return call(WRITE, hostDescriptor, hostAddress, lengthBytes);
  }

  /** {@code pread64}. */
  public static long pread(int hostDescriptor, long hostAddress, long lengthBytes, long position) {
    return call(PREAD64, hostDescriptor, hostAddress, lengthBytes, position);
  }

  /** {@code pwrite64}. */
  public static long pwrite(int hostDescriptor, long hostAddress, long lengthBytes, long position) {
    return call(PWRITE64, hostDescriptor, hostAddress, lengthBytes, position);
  }

  /** {@code readv}; the vector is an array of host {@code struct iovec}. */
  public static long readv(int hostDescriptor, long hostVectorAddress, int count) {
    return call(READV, hostDescriptor, hostVectorAddress, count);
  }

  /** {@code writev}; the vector is an array of host {@code struct iovec}. */
  public static long writev(int hostDescriptor, long hostVectorAddress, int count) {
    return call(WRITEV, hostDescriptor, hostVectorAddress, count);
  }

  /** {@code lseek}. */
  public static long lseek(int hostDescriptor, long offset, int whence) {
    return call(LSEEK, hostDescriptor, offset, whence);
  }

  /** {@code close}. */
  public static long close(int hostDescriptor) {
    return call(CLOSE, hostDescriptor);
  }

  /** {@code ioctl}. */
  public static long ioctl(int hostDescriptor, long request, long argument) {
    return call(IOCTL, hostDescriptor, request, argument);
  }

  /** {@code fcntl}. */
  public static long fcntl(int hostDescriptor, int command, long argument) {
    return call(FCNTL, hostDescriptor, command, argument);
  }

  /** {@code fsync}. */
  public static long fsync(int hostDescriptor) {
    return call(FSYNC, hostDescriptor);
  }

  /** {@code fdatasync}. */
  public static long fdatasync(int hostDescriptor) {
    return call(FDATASYNC, hostDescriptor);
  }

  /** {@code ftruncate}. */
  public static long ftruncate(int hostDescriptor, long lengthBytes) {
    return call(FTRUNCATE, hostDescriptor, lengthBytes);
  }

  /** {@code fallocate}. */
  public static long fallocate(int hostDescriptor, int mode, long offset, long lengthBytes) {
    return call(FALLOCATE, hostDescriptor, mode, offset, lengthBytes);
  }

  /** {@code getdents64}. */
  public static long getdents(int hostDescriptor, long hostAddress, long lengthBytes) {
    return call(GETDENTS64, hostDescriptor, hostAddress, lengthBytes);
  }

  /** {@code statx}; an empty path with {@code AT_EMPTY_PATH} names the descriptor itself. */
  public static long statx(
      int hostDirectory, long hostPathAddress, int flags, int mask, long hostResultAddress) {
    return call(STATX, hostDirectory, hostPathAddress, flags, mask, hostResultAddress, 0);
  }

  /** {@code openat2}, the only way to open beneath a directory the cVM was given. */
  public static long openat2(
      int hostDirectory, long hostPathAddress, long hostHowAddress, long howBytes) {
    return call(OPENAT2, hostDirectory, hostPathAddress, hostHowAddress, howBytes);
  }

  /**
   * Opens a host directory or file by its absolute path, {@code O_PATH | O_CLOEXEC}: for the
   * embedding program, to turn its configuration into descriptors.
   */
  public static long openRoot(String hostPath) {
    return open(hostPath, OpenFlags.O_PATH | OpenFlags.O_CLOEXEC);
  }

  /** Opens a file of the host's own file systems, such as {@code /proc}, close-on-exec. */
  public static long openForReading(String hostPath) {
    return open(hostPath, OpenFlags.O_CLOEXEC);
  }

  private static long open(String hostPath, int flags) {
    byte[] path = hostPath.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    return call(OPENAT, AT_FDCWD, HostScratch.string(0, path), flags);
  }

  /** {@code ppoll} without a signal mask; a null timeout address waits forever. */
  public static long ppoll(long hostPollFds, int count, long hostTimeout) {
    return call(PPOLL, hostPollFds, count, hostTimeout, 0, 8, 0);
  }

  /**
   * {@code pipe2}, close-on-exec.
   *
   * @param hostPairAddress receives two ints: the end to read from, the end to write to
   */
  public static long pipe(long hostPairAddress) {
    return call(PIPE2, hostPairAddress, 02000000, 0);
  }

  /** {@code eventfd2}. */
  public static long eventfd(int initial, int flags) {
    return call(EVENTFD2, initial, flags);
  }

  /** {@code memfd_create}, close-on-exec. */
  public static long memfdCreate(String name) {
    byte[] bytes = name.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    return call(MEMFD_CREATE, HostScratch.string(0, bytes), 1);
  }

  /** {@code getrandom}. */
  public static long getrandom(long hostAddress, long lengthBytes, int flags) {
    return call(GETRANDOM, hostAddress, lengthBytes, flags);
  }

  /** {@code getrusage}. */
  public static long getrusage(int who, long hostAddress) {
    return call(GETRUSAGE, who, hostAddress);
  }

  /** {@code sysinfo}. */
  public static long sysinfo(long hostAddress) {
    return call(SYSINFO, hostAddress);
  }

  /** The number of the processor that the calling thread runs on, or -errno. */
  public static long currentProcessor() {
    long scratch = HostScratch.get().address();
    long result = call(GETCPU, scratch, 0);
    return result < 0 ? result : HostScratch.get().get(ValueLayout.JAVA_INT, 0);
  }

  /** {@code membarrier(MEMBARRIER_CMD_GLOBAL)}. */
  public static long membarrierGlobal() {
    return call(MEMBARRIER, 1, 0, 0);
  }

  /** {@code gettid}. */
  public static long gettid() {
    return call(GETTID, 0);
  }

  /** {@code sched_yield}. */
  public static long schedYield() {
    return call(SCHED_YIELD, 0);
  }

  /** {@code sched_getaffinity} of a thread of this process; returns the mask's bytes. */
  public static long schedGetaffinity(int hostThreadId, long hostAddress, long lengthBytes) {
    return call(SCHED_GETAFFINITY, hostThreadId, lengthBytes, hostAddress);
  }

  /** {@code sched_setaffinity} of a thread of this process. */
  public static long schedSetaffinity(int hostThreadId, long hostAddress, long lengthBytes) {
    return call(SCHED_SETAFFINITY, hostThreadId, lengthBytes, hostAddress);
  }

  /** {@code clock_gettime} into a {@code struct timespec}. */
  public static long clockGettime(int clock, long hostAddress) {
    return call(CLOCK_GETTIME, clock, hostAddress);
  }

  /** {@code clock_getres} into a {@code struct timespec}. */
  public static long clockGetres(int clock, long hostAddress) {
    return call(CLOCK_GETRES, clock, hostAddress);
  }

  /** {@code mincore}. */
  public static long mincore(long hostAddress, long lengthBytes, long hostVectorAddress) {
    return call(MINCORE, hostAddress, lengthBytes, hostVectorAddress);
  }

  /** {@code msync}. */
  public static long msync(long hostAddress, long lengthBytes, int flags) {
    return call(MSYNC, hostAddress, lengthBytes, flags);
  }

  /** The calling thread's clock in nanoseconds. */
  public static long clockNanos(int clock) {
    MemorySegment scratch = HostScratch.get();
    long offset = HostScratch.SIZE_BYTES - 16L;
    long result = clockGettime(clock, scratch.address() + offset);
    if (result < 0) {
      return result;
    }
    long seconds = scratch.get(ValueLayout.JAVA_LONG, offset);
    return seconds * 1_000_000_000L + scratch.get(ValueLayout.JAVA_LONG, offset + 8);
  }

  /** Processor time of a thread of this process, in nanoseconds; or -errno: it has ended. */
  public static long threadCpuNanos(int hostThreadId) {
    return clockNanos(~hostThreadId << 3 | CPUCLOCK_PERTHREAD_SCHED);
  }

  /**
   * {@code FUTEX_WAIT_BITSET} on a word of this process, until any wake-up.
   *
   * @param timeout host address of a {@code timespec} of CLOCK_MONOTONIC, or 0
   */
  public static long futexWait(long hostAddress, int expected, long timeout) {
    return call(
        FUTEX,
        hostAddress,
        FUTEX_WAIT_BITSET_PRIVATE,
        expected,
        timeout,
        0,
        FUTEX_BITSET_MATCH_ANY & 0xFFFF_FFFFL);
  }

  /** {@code FUTEX_WAKE} of one thread of this process. */
  public static long futexWake(long hostAddress) {
    return call(FUTEX, hostAddress, FUTEX_WAKE_PRIVATE, 1);
  }
}
