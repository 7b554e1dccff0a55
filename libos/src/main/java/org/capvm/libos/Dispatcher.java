package org.capvm.libos;

import static org.capvm.machine.layout.Gpr.R10;
import static org.capvm.machine.layout.Gpr.R11;
import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Registers;
import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.trace.TraceSink;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * Carries out one system call: counts it, finds its row, calls the handler, turns errors into
 * errnos. Stateless; shared by all tasks of a cVM.
 */
public final class Dispatcher {
  /** The call is over and its result stands. */
  public static final int FINISHED = -1;

  private static final int RT_SIGRETURN = 15;

  private final TraceSink trace;
  private final CallStatistics statistics;

  /**
   * @param trace where calls are reported, or null
   * @param statistics where failures are counted
   */
  public Dispatcher(TraceSink trace, CallStatistics statistics) {
    this.trace = trace;
    this.statistics = statistics;
  }

  /**
   * Carries out the call that the task's registers ask for, and stores its result.
   *
   * @return the call's number if it was interrupted, so that whoever delivers signals decides
   *     whether it is made again; otherwise {@link #FINISHED}
   */
  public int dispatch(Task task) {
    Registers registers = task.registers();
    int number = (int) registers.get(RAX);
    // As the syscall instruction leaves them.
    registers.set(RCX, registers.pc());
    registers.set(R11, registers.flags());
    long a0 = registers.get(RDI);
    long a1 = registers.get(RSI);
    long a2 = registers.get(RDX);
    long a3 = registers.get(R10);
    long a4 = registers.get(R8);
    long a5 = registers.get(R9);
    long result =
        trace == null
            ? call(task, number, a0, a1, a2, a3, a4, a5)
            : callTraced(task, number, a0, a1, a2, a3, a4, a5);
    if (task.registers() == registers) {
      registers.set(RAX, result);
    }
    if (result >= 0) {
      return FINISHED;
    }
    if (SignalDelivery.isInterruption(result) && number != RT_SIGRETURN) {
      return number;
    }
    if (result >= -4095) {
      statistics.failed(number, (int) -result);
    }
    return FINISHED;
  }

  private static long call(
      Task task, int number, long a0, long a1, long a2, long a3, long a4, long a5) {
    SystemCall row = SystemCallTable.row(number);
    if (row == null) {
      return -Errno.ENOSYS;
    }
    task.callCounts()[SystemCallTable.counter(number)]++;
    try {
      return row.handler().call(task, a0, a1, a2, a3, a4, a5);
    } catch (ErrnoException e) {
      return -e.errno();
    } catch (GuestMemoryFault e) {
      return -Errno.EFAULT;
    }
  }

  private long callTraced(
      Task task, int number, long a0, long a1, long a2, long a3, long a4, long a5) {
    long[] arguments = {a0, a1, a2, a3, a4, a5};
    trace.entered(task, number, arguments);
    long result = call(task, number, a0, a1, a2, a3, a4, a5);
    trace.left(task, number, arguments, result);
    return result;
  }
}
