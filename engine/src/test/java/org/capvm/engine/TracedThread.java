package org.capvm.engine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A thread of a process that this JVM has started, stopped at single instructions by {@code
 * ptrace(2)}. It is stepped there: debug registers are not to be had on every machine.
 *
 * <p>Used by one platform thread, which is the tracer as long as this is open.
 */
@SuppressWarnings("restricted")
final class TracedThread implements AutoCloseable {
  private static final long SYS_PTRACE = 101;
  private static final long SYS_WAIT4 = 61;
  private static final long PTRACE_SINGLESTEP = 9;
  private static final long PTRACE_GETREGS = 12;
  private static final long PTRACE_DETACH = 17;
  private static final long PTRACE_SEIZE = 0x4206;
  private static final long PTRACE_INTERRUPT = 0x4207;
  private static final long PTRACE_EVENT_STOP = 128;

  private static final long WALL = 0x40000000L;
  private static final int SIGTRAP = 5;

  /** In {@code struct user_regs_struct}. */
  private static final int RIP = 16 * Long.BYTES;

  private static final MethodHandle SYSCALL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
              Linker.Option.firstVariadicArg(1),
              Linker.Option.captureCallState("errno"));

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
  private final MemorySegment registers = arena.allocate(512, 8);
  private final MemorySegment status = arena.allocate(JAVA_INT);
  private final int threadId;
  private boolean ended;

  /** Stops a thread where it is. */
  TracedThread(int threadId) {
    this.threadId = threadId;
    ptrace(PTRACE_SEIZE, 0, 0);
    ptrace(PTRACE_INTERRUPT, 0, 0);
    await();
  }

  /** The addresses in a range of those that the thread executes in a number of steps. */
  Set<Long> step(int steps, long start, long end) {
    Set<Long> seen = new LinkedHashSet<>();
    for (int i = 0; i < steps && !ended; i++) {
      long at = instruction();
      if (at >= start && at < end) {
        seen.add(at);
      }
      step();
    }
    return seen;
  }

  /** Executes one instruction, or begins to handle the signal that came instead. */
  void step() {
    long signal = 0;
    do {
      ptrace(PTRACE_SINGLESTEP, 0, signal);
      await();
      signal = ended ? 0 : signal();
    } while (signal != 0);
  }

  /** Steps the thread up to an instruction; false if it has not come by in time or has ended. */
  boolean runTo(long address, Duration longest) {
    long deadline = System.nanoTime() + longest.toNanos();
    while (instruction() != address) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      step();
      if (ended) {
        return false;
      }
    }
    return true;
  }

  /** Where the stopped thread is. */
  long instruction() {
    ptrace(PTRACE_GETREGS, 0, registers.address());
    return registers.get(JAVA_LONG, RIP);
  }

  /** The signal that the thread is about to get, other than those made here; 0 if there is none. */
  private long signal() {
    int stop = status.get(JAVA_INT, 0);
    int signal = stop >> 8 & 0xFF;
    boolean own = stop >> 16 == PTRACE_EVENT_STOP || signal == SIGTRAP;
    return own ? 0 : signal;
  }

  /** Waits until the thread has stopped or ended. */
  private void await() {
    call(SYS_WAIT4, threadId, status.address(), WALL, 0);
    ended = (status.get(JAVA_INT, 0) & 0xFF) != 0x7F;
  }

  private void ptrace(long request, long address, long data) {
    call(SYS_PTRACE, request, threadId, address, data);
  }

  private long call(long number, long a, long b, long c, long d) {
    long result;
    try {
      result = (long) SYSCALL.invokeExact(errno, number, a, b, c, d);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
    if (result < 0) {
      int error =
          (int)
              Linker.Option.captureStateLayout()
                  .varHandle(PathElement.groupElement("errno"))
                  .get(errno, 0L);
      throw new IllegalStateException("call " + number + ", request " + a + ": errno " + error);
    }
    return result;
  }

  /** Lets the thread go on, for good. */
  void goOn() {
    if (!ended) {
      ended = true;
      ptrace(PTRACE_DETACH, 0, 0);
    }
  }

  @Override
  public void close() {
    goOn();
    arena.close();
  }
}
