package org.capvm.libos.capability;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;
import org.capvm.libos.process.Visit;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.channel.Callee;
import org.capvm.monitor.channel.CpCall;
import org.capvm.monitor.channel.Invocation;
import org.capvm.monitor.gate.CallTarget;
import org.capvm.monitor.gate.LentContext;
import org.capvm.monitor.memory.Slot;

/**
 * A function that a guest exports, and the tasks that serve it: each lends its stack and its thread
 * pointer to one call at a time, and sleeps meanwhile. With no task free a call waits.
 *
 * <p>A call takes a lent context in machine code if it can, and gives it back there; Java takes the
 * same contexts, so that both see who is free.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
final class ServedFunction implements Callee {
  private static final int MOST_WORDS = 6;

  /** How long a task that is to stop serving sleeps before it looks whether its call is over. */
  private static final long LOOK_AGAIN_NANOS = 200_000;

  /** A return in machine code may miss a caller that begins to wait in the same moment. */
  private static final int LOOK_AGAIN_MILLIS = 1;

  private final String name;
  private final long function;
  private final Slot slot;
  private final CallTarget target;
  private final Map<LentContext, Task> servers = new ConcurrentHashMap<>();

  /** Contexts that no task lends at present. */
  private final Deque<LentContext> idle = new ArrayDeque<>();

  private boolean ended;

  /**
   * @param name what its cVM exports it as
   * @param function guest address
   * @param slot the address space it is in
   */
  ServedFunction(String name, long function, Slot slot, Intravisor intravisor) {
    this.name = name;
    this.function = function;
    this.slot = slot;
    target = intravisor.newCallTarget(this);
  }

  /** What its cVM exports it as. */
  String name() {
    return name;
  }

  /** The function that a context is lent for. */
  static ServedFunction of(LentContext lent) {
    return (ServedFunction) lent.target().owner();
  }

  @Override
  public Optional<CallTarget> target() {
    return Optional.of(target);
  }

  /**
   * Lends the calling task to callers, until the function is exported no more or the task is
   * interrupted.
   */
  long serve(Task task) {
    if (task.addressSpace().slot() != slot) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    LentContext lent = newContext();
    Runnable interrupt = lent::interrupt;
    servers.put(lent, task);
    task.addressSpace().addThread(interrupt);
    try {
      if (Visit.lend(task, lent, function)) {
        wakeWaiters();
        while (!hasEnded()) {
          task.park(Task.NEVER);
        }
      }
      return -Errno.EOWNERDEAD;
    } finally {
      takeBack(lent);
      task.addressSpace().removeThread(interrupt);
    }
  }

  private synchronized LentContext newContext() {
    return Optional.ofNullable(idle.poll())
        .or(target::newContext)
        .orElseThrow(() -> ErrnoException.of(ended ? Errno.EOWNERDEAD : Errno.EAGAIN));
  }

  private synchronized boolean hasEnded() {
    return ended;
  }

  /** A call that uses the task's stack ends first; Java runs the rest of it, if it is long. */
  private void takeBack(LentContext lent) {
    while (!lent.take()) {
      lent.interrupt();
      LockSupport.parkNanos(this, LOOK_AGAIN_NANOS);
      Thread.interrupted();
    }
    servers.remove(lent);
    lent.withdraw();
    synchronized (this) {
      idle.push(lent);
    }
  }

  @Override
  public long call(long[] words, Invocation invocation) {
    if (words.length > MOST_WORDS) {
      throw new IllegalArgumentException(words.length + " arguments");
    }
    LentContext lent = take(invocation);
    try {
      return Visit.run(servers.get(lent), lent, words, invocation);
    } finally {
      giveBack(lent);
    }
  }

  /**
   * Runs the rest of a call that began in machine code.
   *
   * @param lent where it runs, taken
   */
  long goOn(CpCall call, LentContext lent, Invocation invocation) {
    try {
      return call.during(invocation, () -> Visit.goOn(servers.get(lent), lent, invocation));
    } finally {
      giveBack(lent);
    }
  }

  /** Ends a call that began in machine code: its registers are forgotten. */
  Reason abandon(LentContext lent) {
    giveBack(lent);
    return hasEnded() ? Reason.OWNER_GONE : Reason.NOT_VALID;
  }

  private void giveBack(LentContext lent) {
    lent.free();
    wakeWaiters();
  }

  private synchronized LentContext take(Invocation invocation) {
    boolean interrupted = false;
    boolean told = false;
    // First, so that a call that ends in machine code meanwhile is seldom missed.
    target.addWaiters(1);
    try {
      while (true) {
        invocation.check();
        if (ended) {
          throw new CapabilityException(Reason.OWNER_GONE);
        }
        for (LentContext lent : servers.keySet()) {
          if (lent.take()) {
            return lent;
          }
        }
        if (!told) {
          invocation.onCancel(this::wakeWaiters);
          told = true;
        }
        try {
          wait(LOOK_AGAIN_MILLIS);
        } catch (InterruptedException e) {
          interrupted = true;
          invocation.cancel(Reason.TIMED_OUT);
        }
      }
    } finally {
      target.addWaiters(-1);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Lets callers that wait for a context look again. */
  synchronized void wakeWaiters() {
    notifyAll();
  }

  @Override
  public void ended() {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      notifyAll();
    }
    target.close();
    servers.values().forEach(Task::wake);
  }
}
