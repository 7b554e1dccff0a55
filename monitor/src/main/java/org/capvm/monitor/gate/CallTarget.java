package org.capvm.monitor.gate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.ContextLayout;

/**
 * The contexts that are lent to callers of one exported function, as a list in native memory that
 * {@link CallCode} searches.
 *
 * <pre>
 *   0x00  how many contexts (int)    0x04  callers that wait for one in Java (int)
 *   0x40  host addresses of the contexts
 * </pre>
 *
 * <p>A call may read the list when the function has ended already, or been followed by another one.
 * Therefore lists and lent contexts never become anything else, and a call that has taken a context
 * looks again whether its capability is valid and the context is on its list. While callers wait,
 * calls go through Java, where they wait too.
 *
 * <p>Threads: any; the list is guarded by this object's monitor.
 */
public final class CallTarget {
  static final int COUNT = 0x00;
  static final int WAITERS = 0x04;
  static final int CONTEXTS = 0x40;

  /** How many tasks can serve one function at a time. */
  private static final int MOST_CONTEXTS = (ContextLayout.BYTES - CONTEXTS) / Long.BYTES;

  private final ContextRegion contexts;
  private final Object owner;
  private final long address;
  private final List<LentContext> lent = new ArrayList<>();
  private boolean closed;

  /**
   * Makes one without contexts; whoever makes it closes it.
   *
   * @param owner who runs the function in Java
   */
  public CallTarget(Gate gate, Object owner) {
    this.owner = owner;
    contexts = gate.contexts();
    address = contexts.allocateTarget();
  }

  /** Who runs the function in Java. */
  public Object owner() {
    return owner;
  }

  /** Host address of the list. */
  public long hostAddress() {
    return address;
  }

  /**
   * Makes a context, which nobody can use before {@link LentContext#lend}.
   *
   * @return empty if there is no room for it
   */
  public synchronized Optional<LentContext> newContext() {
    if (closed || lent.size() == MOST_CONTEXTS) {
      return Optional.empty();
    }
    LentContext made = new LentContext(contexts, this);
    RawMemory.putLong(address + CONTEXTS + (long) lent.size() * Long.BYTES, made.address());
    lent.add(made);
    RawMemory.putIntVolatile(address + COUNT, lent.size());
    return Optional.of(made);
  }

  /** A caller is about to wait in Java for a context, or, with -1, does not any more. */
  public void addWaiters(int change) {
    RawMemory.getAndAddInt(address + WAITERS, change);
  }

  /** Makes the calls in flight go on in Java, where it is seen which of them are cut short. */
  public synchronized void interruptCalls() {
    lent.forEach(LentContext::interrupt);
  }

  /**
   * Gives the list back, and every context as soon as it is not in use. No use of a capability to
   * the function is in flight.
   */
  public synchronized void close() {
    closed = true;
    lent.forEach(LentContext::close);
    contexts.releaseTarget(address);
  }
}
