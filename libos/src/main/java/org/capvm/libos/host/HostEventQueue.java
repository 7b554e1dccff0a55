package org.capvm.libos.host;

import static org.capvm.libos.host.HostSystemCall.call;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A host epoll instance for one waiting thread, with a way to wake it. Owns its descriptors and
 * native memory. Threads: any may add, remove, rearm and wake; one waits, and closes.
 */
public final class HostEventQueue implements AutoCloseable {
  private static final int EPOLL_WAIT = 232;
  private static final int EPOLL_CTL = 233;
  private static final int EPOLL_CREATE1 = 291;
  private static final int CLOEXEC = 02000000;
  private static final int NONBLOCK = 04000;
  private static final int ADD = 1;
  private static final int DELETE = 2;
  private static final int MODIFY = 3;
  private static final int EPOLLIN = 1;
  private static final int EPOLLOUT = 4;
  private static final int EPOLLRDHUP = 0x2000;
  private static final int EPOLLONESHOT = 1 << 30;
  private static final int EPOLLET = 1 << 31;
  private static final int EVENT_BYTES = 12;
  private static final int MOST_EVENTS = 64;

  /** Hears of events. */
  @FunctionalInterface
  public interface Handler {
    /**
     * A descriptor is ready.
     *
     * @param events {@code EPOLL} events, which are poll's
     */
    void ready(int descriptor, int events);
  }

  private final Arena arena = Arena.ofShared();
  private final MemorySegment events = arena.allocate((long) EVENT_BYTES * MOST_EVENTS, 8);
  private final int epoll;
  private final int wake;

  /** Opens the epoll instance. */
  public HostEventQueue() {
    epoll = (int) call(EPOLL_CREATE1, CLOEXEC);
    wake = (int) Hostcalls.eventfd(0, CLOEXEC | NONBLOCK);
    if (epoll < 0 || wake < 0) {
      throw new IllegalStateException("no descriptor is left for an event queue");
    }
    control(ADD, wake, EPOLLIN);
  }

  /** Reports a descriptor once when it is readable. */
  public long addOneShot(int descriptor) {
    return control(ADD, descriptor, EPOLLIN | EPOLLONESHOT);
  }

  /** Reports a descriptor of {@link #addOneShot} once more. */
  public long rearm(int descriptor) {
    return control(MODIFY, descriptor, EPOLLIN | EPOLLONESHOT);
  }

  /** Reports each change of a descriptor. */
  public long addEdges(int descriptor) {
    return control(ADD, descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }

  /** Reports a descriptor no more. */
  public long remove(int descriptor) {
    return control(DELETE, descriptor, 0);
  }

  private long control(int operation, int descriptor, int wanted) {
    MemorySegment scratch = HostScratch.get();
    long offset = HostScratch.SIZE_BYTES - 64L;
    scratch.set(ValueLayout.JAVA_INT, offset, wanted);
    scratch.set(ValueLayout.JAVA_LONG_UNALIGNED, offset + 4, descriptor);
    return call(EPOLL_CTL, epoll, operation, descriptor, scratch.address() + offset);
  }

  /** Waits for events or {@link #wake} and hands the events on. */
  public void await(Handler handler) {
    long count = call(EPOLL_WAIT, epoll, events.address(), MOST_EVENTS, -1);
    for (long i = 0; i < count; i++) {
      int descriptor = events.get(ValueLayout.JAVA_INT_UNALIGNED, i * EVENT_BYTES + 4);
      if (descriptor == wake) {
        Hostcalls.read(wake, HostScratch.get().address(), 8);
      } else {
        handler.ready(descriptor, events.get(ValueLayout.JAVA_INT_UNALIGNED, i * EVENT_BYTES));
      }
    }
  }

  /** Ends the wait under way, or the next one. */
  public void wake() {
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_LONG, HostScratch.SIZE_BYTES - 64L, 1);
    Hostcalls.write(wake, scratch.address() + HostScratch.SIZE_BYTES - 64L, 8);
  }

  @Override
  public void close() {
    Hostcalls.close(wake);
    Hostcalls.close(epoll);
    arena.close();
  }
}
