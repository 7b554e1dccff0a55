package org.capvm.libos.process;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.gate.GuestThread;

/**
 * The ways into other cVMs of one platform thread, one for each call that is nested in another.
 * They are kept for later calls, and given back in the order in which the thread's signal state was
 * changed: the last one first.
 *
 * <p>Threads: one object for each platform thread, used on that thread alone.
 */
final class Visits implements AutoCloseable {
  private static final ThreadLocal<Visits> OF_THREAD = new ThreadLocal<>();

  private final List<GuestThread> ways = new ArrayList<>();
  private int depth;

  private Visits() {}

  /** Keeps the calling thread's ways until it is closed. */
  static Visits openForThread() {
    Visits opened = new Visits();
    OF_THREAD.set(opened);
    return opened;
  }

  /** What the calling thread keeps, or null. */
  static Visits ofThread() {
    return OF_THREAD.get();
  }

  /** A way into an address space, until {@link #leave}. */
  GuestThread enter(Intravisor intravisor, AddressSpace space) {
    if (depth == ways.size()) {
      ways.add(intravisor.newGuestThread(space.slot(), space.codeSpace()));
    } else {
      ways.get(depth).enterSlot(space.slot(), space.codeSpace());
    }
    return ways.get(depth++);
  }

  void leave() {
    depth--;
  }

  @Override
  public void close() {
    OF_THREAD.remove();
    for (GuestThread way : ways.reversed()) {
      way.close();
    }
  }
}
