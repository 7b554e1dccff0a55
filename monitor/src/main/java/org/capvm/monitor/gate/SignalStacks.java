package org.capvm.monitor.gate;

import static org.capvm.machine.host.HostMemory.PROT_NONE;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.capvm.machine.host.HostMemory;

/**
 * Alternate stacks for signal handlers: while a guest runs, rsp is the guest's and may point
 * nowhere.
 *
 * <p>Each stack has a page without access below it. Stacks are reused and kept until the end.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
final class SignalStacks implements AutoCloseable {
  /**
   * Bytes of one stack: room for the JVM's own handler, which writes its crash report from here.
   * Pages are taken as they are used.
   */
  static final long STACK_BYTES = 256 << 10;

  private static final long GUARD_BYTES = 4096;

  private final ArrayDeque<Long> free = new ArrayDeque<>();
  private final List<Long> all = new ArrayList<>();

  /** Takes a stack; returns its lowest usable host address. */
  synchronized long allocate() {
    Long recycled = free.poll();
    if (recycled != null) {
      return recycled;
    }
    long start = HostMemory.reserve(GUARD_BYTES + STACK_BYTES, PROT_NONE);
    HostMemory.mprotect(start + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE);
    all.add(start);
    return start + GUARD_BYTES;
  }

  /** Gives a stack back. No thread uses it any more. */
  synchronized void release(long stack) {
    free.push(stack);
  }

  @Override
  public synchronized void close() {
    for (long start : all) {
      HostMemory.munmap(start, GUARD_BYTES + STACK_BYTES);
    }
  }
}
