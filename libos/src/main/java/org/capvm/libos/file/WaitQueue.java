package org.capvm.libos.file;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.capvm.libos.process.Task;

/**
 * The listeners for changes of one object's readiness: blocked readers and writers, polls, epoll
 * instances. Threads: any. A listener is called with whatever locks the announcing thread holds, so
 * it must only note the event and wake somebody.
 */
public final class WaitQueue {
  /** Hears of a change. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Some of the events may now be there; the listener looks itself.
     *
     * @param events poll events
     */
    void changed(int events);
  }

  private final CopyOnWriteArrayList<Listener> listeners = new CopyOnWriteArrayList<>();

  /** Adds a listener; the same object may not be added twice. */
  public void add(Listener listener) {
    listeners.add(listener);
  }

  /**
   * Removes a listener, which may be called once more by a thread that is announcing at this
   * moment.
   */
  public void remove(Listener listener) {
    listeners.remove(listener);
  }

  /** Whether anybody listens. */
  public boolean isEmpty() {
    return listeners.isEmpty();
  }

  /**
   * Waits until a condition holds that some thread makes true before it announces.
   *
   * @param deadlineNanos in terms of {@link System#nanoTime}, or {@link Task#NEVER}
   * @return false if the deadline passed first
   * @throws org.capvm.libos.ErrnoException ERESTARTSYS if the task is interrupted
   */
  public boolean await(Task task, BooleanSupplier condition, long deadlineNanos) {
    if (condition.getAsBoolean()) {
      return true;
    }
    Listener listener = events -> task.wake();
    add(listener);
    try {
      while (!condition.getAsBoolean()) {
        if (!task.park(deadlineNanos)) {
          return condition.getAsBoolean();
        }
      }
      return true;
    } finally {
      remove(listener);
    }
  }

  /** Tells every listener. */
  public void announce(int events) {
    if (!listeners.isEmpty()) {
      for (Listener listener : listeners) {
        listener.changed(events);
      }
    }
  }
}
