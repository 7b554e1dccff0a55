package org.capvm.libos.capability;

import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;
import org.capvm.libos.process.Visit;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.channel.Callee;
import org.capvm.monitor.channel.Invocation;
import org.capvm.monitor.memory.Slot;

/**
 * A function that a guest exports, and the tasks that serve it: each lends its stack and its thread
 * pointer to one call at a time, and sleeps meanwhile. With no task free a call waits.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
final class ServedFunction implements Callee {
  private static final int MOST_WORDS = 6;

  private final long function;
  private final Slot slot;
  private final ArrayDeque<Server> free = new ArrayDeque<>();
  private boolean ended;

  /** A task that serves. */
  private static final class Server {
    final Task task;
    boolean busy;
    boolean leaving;

    Server(Task task) {
      this.task = task;
    }
  }

  /**
   * @param function guest address
   * @param slot the address space it is in
   */
  ServedFunction(long function, Slot slot) {
    this.function = function;
    this.slot = slot;
  }

  /**
   * Lends the calling task to callers, until the function is exported no more or the task is
   * interrupted.
   */
  long serve(Task task) {
    if (task.addressSpace().slot() != slot) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    Server server = new Server(task);
    synchronized (this) {
      if (ended) {
        return -Errno.EOWNERDEAD;
      }
      free.add(server);
      notifyAll();
    }
    try {
      while (!hasEnded()) {
        task.park(Task.NEVER);
      }
      return -Errno.EOWNERDEAD;
    } finally {
      withdraw(server);
    }
  }

  private synchronized boolean hasEnded() {
    return ended;
  }

  /** A call that uses the task's stack ends first; it is a task of the same process. */
  private void withdraw(Server server) {
    while (true) {
      synchronized (this) {
        if (!server.busy) {
          free.remove(server);
          return;
        }
        server.leaving = true;
      }
      LockSupport.park(this);
      Thread.interrupted();
    }
  }

  @Override
  public long call(long[] words, Invocation invocation) {
    if (words.length > MOST_WORDS) {
      throw new IllegalArgumentException(words.length + " arguments");
    }
    Server server = take(invocation);
    try {
      return Visit.run(server.task, function, words, invocation);
    } finally {
      boolean leaving;
      synchronized (this) {
        server.busy = false;
        free.push(server);
        leaving = server.leaving || ended;
        notifyAll();
      }
      if (leaving) {
        // Otherwise it sleeps on: a wake-up for each call would cost more than the call.
        server.task.wake();
      }
    }
  }

  private synchronized Server take(Invocation invocation) {
    if (free.isEmpty()) {
      invocation.onCancel(this::wakeWaiters);
    }
    boolean interrupted = false;
    try {
      while (free.isEmpty()) {
        invocation.check();
        if (ended) {
          throw new CapabilityException(Reason.OWNER_GONE);
        }
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
          invocation.cancel(Reason.TIMED_OUT);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    Server server = free.poll();
    server.busy = true;
    return server;
  }

  private synchronized void wakeWaiters() {
    notifyAll();
  }

  @Override
  public void ended() {
    synchronized (this) {
      ended = true;
      notifyAll();
      free.forEach(server -> server.task.wake());
    }
  }
}
