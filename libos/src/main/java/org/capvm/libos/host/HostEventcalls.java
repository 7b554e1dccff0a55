package org.capvm.libos.host;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.capvm.libos.host.HostSystemCall.call;

import java.lang.foreign.MemorySegment;

/**
 * The host's epoll, and its memory files with seals. Every method returns what Linux returns, a
 * value or -errno.
 *
 * <pre>
 *   struct epoll_event (packed, 12 bytes): 0 events (4 bytes)  4 data (8 bytes)
 * </pre>
 */
public final class HostEventcalls {
  /** Bytes of one event. */
  public static final int EVENT_BYTES = 12;

  private static final int EPOLL_WAIT = 232;
  private static final int EPOLL_CTL = 233;
  private static final int EPOLL_CREATE1 = 291;
  private static final int MEMFD_CREATE = 319;
  private static final int EPOLL_CLOEXEC = 02000000;
  private static final int MFD_CLOEXEC = 1;

  private HostEventcalls() {}

  /** {@code epoll_create1}, close-on-exec. */
  public static long epollCreate() {
    return call(EPOLL_CREATE1, EPOLL_CLOEXEC);
  }

  /** {@code epoll_ctl}. */
  public static long epollControl(
      int epoll, int operation, int hostDescriptor, int events, long data) {
    MemorySegment scratch = HostScratch.get();
    scratch.set(JAVA_INT, 0, events);
    scratch.set(JAVA_LONG_UNALIGNED, 4, data);
    return call(EPOLL_CTL, epoll, operation, hostDescriptor, scratch.address());
  }

  /**
   * {@code epoll_wait} that only looks; the events are at the start of the calling thread's scratch
   * memory.
   */
  public static long epollLook(int epoll, int maxEvents) {
    return epollWait(epoll, maxEvents, 0);
  }

  /**
   * {@code epoll_wait}; the events are at the start of the calling thread's scratch memory.
   *
   * @param timeoutMillis -1 to wait without end
   */
  public static long epollWait(int epoll, int maxEvents, int timeoutMillis) {
    return call(EPOLL_WAIT, epoll, HostScratch.get().address(), maxEvents, timeoutMillis);
  }

  /**
   * {@code memfd_create}, close-on-exec; further flags such as {@code MFD_ALLOW_SEALING} are the
   * guest's.
   */
  public static long memfdCreate(byte[] name, int flags) {
    return call(MEMFD_CREATE, HostScratch.string(0, name), flags | MFD_CLOEXEC);
  }
}
