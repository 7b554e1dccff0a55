package org.capvm.libos.time;

import java.util.Map;
import java.util.TreeMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;

/**
 * The timers of a process: those of {@code setitimer}, and those of {@code timer_create}.
 * Thread-safe.
 */
public final class ProcessTimers {
  private static final int MAX_TIMERS = 4096;

  /** Of the Java heap, of a timer of {@code timer_create}. */
  private static final long TIMER_BYTES = 512;

  private final Process process;
  private final IntervalTimer real;
  private final CpuTimer virtual;
  private final CpuTimer profiling;
  private final Map<Integer, PosixTimer> posix = new TreeMap<>();
  private int nextId;

  /**
   * A timer of {@code timer_create}.
   *
   * @param clock what absolute times are relative to
   */
  record PosixTimer(int id, int clock, IntervalTimer timer) {}

  /** No timer is armed. */
  public ProcessTimers(Process process) {
    this.process = process;
    this.real = new IntervalTimer(() -> send(Signal.SIGALRM));
    this.virtual = new CpuTimer(process::cpuNanos, () -> send(Signal.SIGVTALRM));
    this.profiling = new CpuTimer(process::cpuNanos, () -> send(Signal.SIGPROF));
  }

  private void send(int signal) {
    SignalDelivery.send(process, SignalInfo.fromKernel(signal));
  }

  IntervalTimer real() {
    return real;
  }

  CpuTimer virtual() {
    return virtual;
  }

  CpuTimer profiling() {
    return profiling;
  }

  /**
   * Makes a timer.
   *
   * @param signal what an expiry sends, or 0 for nothing
   * @param target the task to send it to, or null for the process
   * @param value what the signal carries; null for the timer's id
   */
  synchronized int create(int clock, int signal, Task target, Long value) {
    if (posix.size() >= MAX_TIMERS || !payer().tryTake(TIMER_BYTES, 0)) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    int id = nextId++;
    IntervalTimer[] self = new IntervalTimer[1];
    Runnable expired =
        () -> {
          if (signal == 0) {
            return;
          }
          long carried = value == null ? id : value;
          SignalInfo info = SignalInfo.timer(signal, id, self[0].overrun(), carried);
          if (target == null) {
            SignalDelivery.send(process, info);
          } else {
            SignalDelivery.send(target, info);
          }
        };
    self[0] = new IntervalTimer(expired);
    posix.put(id, new PosixTimer(id, clock, self[0]));
    return id;
  }

  /** A timer by its id; EINVAL if there is none. */
  synchronized PosixTimer get(int id) {
    PosixTimer timer = posix.get(id);
    if (timer == null) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return timer;
  }

  /** Removes a timer; EINVAL if there is none. */
  void delete(int id) {
    PosixTimer timer = get(id);
    synchronized (this) {
      if (posix.remove(id) != null) {
        payer().give(TIMER_BYTES, 0);
      }
    }
    timer.timer().set(0, false, 0);
  }

  /** Removes all timers of {@code timer_create}, as exec does. */
  public synchronized void clearPosixTimers() {
    posix.values().forEach(timer -> timer.timer().set(0, false, 0));
    payer().give(posix.size() * TIMER_BYTES, 0);
    posix.clear();
  }

  private MemoryLimit payer() {
    return process.libraryOs().memoryLimit();
  }

  /** Disarms everything. */
  public void close() {
    real.set(0, false, 0);
    virtual.set(0, 0);
    profiling.set(0, 0);
    clearPosixTimers();
  }
}
