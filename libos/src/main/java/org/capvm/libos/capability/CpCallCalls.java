package org.capvm.libos.capability;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;
import org.capvm.libos.process.Visit;
import org.capvm.libos.time.GuestTime;
import org.capvm.libos.time.TimerThread;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.channel.CpCall;
import org.capvm.monitor.channel.CpFile;
import org.capvm.monitor.channel.Invocation;
import org.capvm.monitor.gate.LentContext;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.Slot;

/** The calls that export, serve and call functions. */
final class CpCallCalls {
  private static final int WORDS = 6;

  /** {@code struct cp_loan}. */
  private static final int LOAN_BYTES = 32;

  private CpCallCalls() {}

  static long export(Task task, long name, long function, long a2, long a3, long a4, long a5) {
    Slot slot = task.addressSpace().slot();
    String exported = CpFileCalls.name(task, name);
    ServedFunction served =
        new ServedFunction(exported, function, slot, task.libraryOs().intravisor());
    CpCall call = null;
    try {
      call = CpFileCalls.compartment(task).export(exported, slot, served);
      CallGrants grants = task.libraryOs().callGrants();
      if (grants != null) {
        grants.grantAll(exported, call);
      }
      return call.handle();
    } catch (CapabilityException refused) {
      if (call != null) {
        call.close();
      }
      served.ended();
      throw refused;
    }
  }

  static long serve(Task task, long handle, long a1, long a2, long a3, long a4, long a5) {
    CpCall call = CpFileCalls.compartment(task).call(handle);
    return call.callee() instanceof ServedFunction function ? function.serve(task) : -Errno.EINVAL;
  }

  static long call(
      Task task, long handle, long words, long resultOut, long timeout, long a4, long a5) {
    CpCall call = CpFileCalls.compartment(task).call(handle);
    return call(task, call, readWords(task, words), resultOut, timeout);
  }

  /** As {@link #call}, with parts of buffers that the callee may use until it returns. */
  static long lend(
      Task task, long handle, long words, long loans, long count, long resultOut, long timeout) {
    if (count < 0 || count > WORDS) {
      return -Errno.EINVAL;
    }
    CpCall call = CpFileCalls.compartment(task).call(handle);
    long[] copied = readWords(task, words);
    List<CpFile> lent = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        lend(task, call, loans + (long) i * LOAN_BYTES, copied, lent);
      }
      return call(task, call, copied, resultOut, timeout);
    } finally {
      lent.forEach(CpFile::close);
    }
  }

  /** Makes one loan, and the word that says so to the callee. */
  private static void lend(Task task, CpCall call, long loan, long[] words, List<CpFile> lent) {
    GuestMemory memory = task.memory();
    CpFile buffer = CpFileCalls.compartment(task).file(memory.getLong(loan));
    long offset = memory.getLong(loan + 8);
    long length = memory.getLong(loan + 16);
    int permissions = memory.getInt(loan + 24);
    int word = memory.getInt(loan + 28);
    if (word < 0 || word >= WORDS) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    CpFile part = call.lend(buffer, offset, length, permissions);
    lent.add(part);
    words[word] = part.handle();
  }

  private static long[] readWords(Task task, long words) {
    long[] copied = new long[WORDS];
    for (int i = 0; i < WORDS; i++) {
      copied[i] = task.memory().getLong(words + (long) i * Long.BYTES);
    }
    return copied;
  }

  private static long call(Task task, CpCall call, long[] words, long resultOut, long timeout) {
    GuestMemory memory = task.memory();
    // Before the call, so that a bad place for the result has no effect on the callee.
    memory.putLong(resultOut, 0);
    Invocation invocation = call.prepare();
    Future<?> deadline = null;
    if (timeout != 0) {
      long nanos = GuestTime.readTimespec(memory, timeout);
      deadline = TimerThread.after(nanos, () -> invocation.cancel(Reason.TIMED_OUT));
    }
    task.setCallOut(invocation);
    try {
      memory.putLong(resultOut, call.call(words, invocation));
      return 0;
    } finally {
      task.setCallOut(null);
      if (deadline != null) {
        deadline.cancel(false);
      }
    }
  }

  /** Made for a guest whose call began in machine code and cannot end there. */
  static long goOn(Task task, long handle, long words, long resultOut, long a3, long a4, long a5) {
    LentContext lent =
        task.guestThread().takeCall().orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
    ServedFunction function = ServedFunction.of(lent);
    CpCall call;
    try {
      call = CpFileCalls.compartment(task).call(handle);
    } catch (CapabilityException revoked) {
      throw new CapabilityException(function.abandon(lent));
    }
    Invocation invocation = call.prepare();
    task.setCallOut(invocation);
    try {
      task.memory().putLong(resultOut, function.goOn(call, lent, invocation));
      return 0;
    } finally {
      task.setCallOut(null);
    }
  }

  /** Made for a guest whose call ended in machine code while others waited to call. */
  static long wake(Task task, long handle, long answer, long a2, long a3, long a4, long a5) {
    task.guestThread().lastCallee().ifPresent(lent -> ServedFunction.of(lent).wakeWaiters());
    return answer;
  }

  /** Made by the code that an exported function returns to. */
  static long giveBack(Task task, long result, long a1, long a2, long a3, long a4, long a5) {
    Visit visit = task.visit();
    return visit != null && visit.giveBack(task, result) ? 0 : -Errno.EPERM;
  }
}
