package org.capvm.libos.signal;

import static org.capvm.libos.abi.Signal.bit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.ProcessReference;
import org.capvm.libos.process.Task;
import org.capvm.libos.time.GuestTime;
import org.capvm.machine.layout.Gpr;
import org.capvm.monitor.memory.GuestMemory;

/** The signal system calls. */
public final class SignalCalls {
  /** What {@code AT_MINSIGSTKSZ} reports. */
  public static final long MIN_FRAME_BYTES = SignalFrame.MAX_BYTES;

  private static final int SET_BYTES = 8;

  private SignalCalls() {}

  static long rtSigaction(
      Task task, long signal, long in, long out, long setBytes, long a4, long a5) {
    int number = (int) signal;
    if (setBytes != SET_BYTES || !Signal.isValid(number)) {
      return -Errno.EINVAL;
    }
    boolean fixed = (bit(number) & DefaultAction.UNMASKABLE) != 0;
    if (in != 0 && fixed) {
      return -Errno.EINVAL;
    }
    GuestMemory memory = task.memory();
    SignalActions actions = task.process().signalActions();
    SignalAction old;
    if (in == 0) {
      old = actions.get(number);
    } else {
      SignalAction changed =
          new SignalAction(
              memory.getLong(in),
              memory.getLong(in + 8),
              memory.getLong(in + 16),
              memory.getLong(in + 24) & ~DefaultAction.UNMASKABLE);
      old = actions.set(number, changed);
      if (actions.ignores(number)) {
        discard(task.process(), bit(number));
      }
    }
    if (out != 0) {
      memory.putLong(out, old.handler());
      memory.putLong(out + 8, old.flags());
      memory.putLong(out + 16, old.restorer());
      memory.putLong(out + 24, old.mask());
    }
    return 0;
  }

  private static void discard(Process process, long set) {
    process.pendingSignals().discard(set);
    for (Task each : process.tasks()) {
      each.signals().pending().discard(set);
    }
  }

  static long rtSigprocmask(
      Task task, long how, long in, long out, long setBytes, long a4, long a5) {
    if (setBytes != SET_BYTES) {
      return -Errno.EINVAL;
    }
    SignalState state = task.signals();
    final long old = state.mask();
    if (in != 0) {
      long set = task.memory().getLong(in);
      switch ((int) how) {
        case Signal.SIG_BLOCK -> state.setMask(old | set);
        case Signal.SIG_UNBLOCK -> state.setMask(old & ~set);
        case Signal.SIG_SETMASK -> state.setMask(set);
        default -> {
          return -Errno.EINVAL;
        }
      }
    }
    if (out != 0) {
      task.memory().putLong(out, old);
    }
    return 0;
  }

  static long rtSigpending(Task task, long out, long setBytes, long a2, long a3, long a4, long a5) {
    if (Long.compareUnsigned(setBytes, SET_BYTES) > 0) {
      return -Errno.EINVAL;
    }
    MemorySegment scratch = HostScratch.get();
    scratch.set(ValueLayout.JAVA_LONG, 0, task.signals().allPending() & task.signals().mask());
    if (setBytes > 0) {
      task.memory().write(out, scratch.asSlice(0, setBytes));
    }
    return 0;
  }

  static long rtSigsuspend(Task task, long in, long setBytes, long a2, long a3, long a4, long a5) {
    if (setBytes != SET_BYTES) {
      return -Errno.EINVAL;
    }
    task.signals().setTemporaryMask(task.memory().getLong(in));
    return pause(task, 0, 0, 0, 0, 0, 0);
  }

  static long pause(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    try {
      while (true) {
        task.park(Task.NEVER);
      }
    } catch (ErrnoException e) {
      return -Errno.ERESTARTNOHAND;
    }
  }

  static long rtSigtimedwait(
      Task task, long in, long infoOut, long timeout, long setBytes, long a4, long a5) {
    if (setBytes != SET_BYTES) {
      return -Errno.EINVAL;
    }
    GuestMemory memory = task.memory();
    long wanted = memory.getLong(in) & ~DefaultAction.UNMASKABLE;
    long deadline = Task.NEVER;
    if (timeout != 0) {
      deadline = GuestTime.deadlineAfter(GuestTime.readTimespec(memory, timeout));
    }
    SignalInfo info = awaitSignal(task, wanted, deadline);
    if (info == null) {
      return -Errno.EAGAIN;
    }
    if (infoOut != 0) {
      memory.write(infoOut, info.toBytes(), 0, SignalInfo.BYTES);
    }
    return info.signal();
  }

  private static SignalInfo awaitSignal(Task task, long wanted, long deadline) {
    SignalState state = task.signals();
    state.setAwaited(wanted);
    try {
      while (true) {
        SignalInfo info = state.take(wanted);
        if (info != null) {
          return info;
        }
        if (!task.park(deadline)) {
          return state.take(wanted);
        }
      }
    } catch (ErrnoException e) {
      SignalInfo info = state.take(wanted);
      if (info != null) {
        return info;
      }
      throw ErrnoException.of(Errno.EINTR);
    } finally {
      state.setAwaited(0);
    }
  }

  static long rtSigreturn(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    try {
      return SignalFrame.pop(task);
    } catch (org.capvm.monitor.memory.GuestMemoryFault e) {
      SignalDelivery.force(task, SignalInfo.fromKernel(Signal.SIGSEGV));
      return 0;
    }
  }

  static long sigaltstack(Task task, long in, long out, long a2, long a3, long a4, long a5) {
    GuestMemory memory = task.memory();
    SignalStack old = task.signals().stack();
    boolean inUse = old.contains(task.registers().get(Gpr.RSP));
    if (in != 0) {
      long base = memory.getLong(in);
      int flags = memory.getInt(in + 8);
      long size = memory.getLong(in + 16);
      if (inUse && (old.flags() & Signal.SS_AUTODISARM) == 0) {
        return -Errno.EPERM;
      }
      int mode = flags & ~Signal.SS_AUTODISARM;
      if (mode != 0 && mode != Signal.SS_DISABLE && mode != Signal.SS_ONSTACK) {
        return -Errno.EINVAL;
      }
      if (mode != Signal.SS_DISABLE && size < Signal.MINSIGSTKSZ) {
        return -Errno.ENOMEM;
      }
      restoreStack(task, base, flags, size);
    }
    if (out != 0) {
      memory.putLong(out, old.base());
      memory.putInt(out + 8, inUse ? Signal.SS_ONSTACK : old.flags());
      memory.putLong(out + 16, old.size());
    }
    return 0;
  }

  /** Sets the alternate stack as a frame says; what makes no sense is left out. */
  static void restoreStack(Task task, long base, int flags, long size) {
    if ((flags & Signal.SS_DISABLE) != 0) {
      task.signals().setStack(SignalStack.NONE);
    } else if (size >= Signal.MINSIGSTKSZ) {
      task.signals().setStack(new SignalStack(base, flags & Signal.SS_AUTODISARM, size));
    }
  }

  static long kill(Task task, long id, long signal, long a2, long a3, long a4, long a5) {
    int target = (int) id;
    int number = (int) signal;
    if (number != 0 && !Signal.isValid(number)) {
      return -Errno.EINVAL;
    }
    if (target > 0) {
      Process process = task.libraryOs().processes().process(target);
      if (process == null) {
        Task thread = task.libraryOs().processes().task(target);
        process = thread == null ? null : thread.process();
      }
      if (process == null) {
        return -Errno.ESRCH;
      }
      return sendTo(task, process, number);
    }
    int group = target == 0 ? task.process().processGroup() : -target;
    long result = -Errno.ESRCH;
    for (Process process : task.libraryOs().processes().processes()) {
      boolean meant =
          target == -1
              ? process.id() != 1 && process != task.process()
              : process.processGroup() == group;
      if (meant) {
        long sent = sendTo(task, process, number);
        result = result == 0 ? 0 : sent;
      }
    }
    return result;
  }

  private static long sendTo(Task task, Process process, int signal) {
    if (!maySignal(task, process, signal)) {
      return -Errno.EPERM;
    }
    if (signal != 0) {
      SignalDelivery.send(
          process, SignalInfo.fromUser(signal, task.process().id(), task.credentials().uid()));
    }
    return 0;
  }

  private static boolean maySignal(Task task, Process target, int signal) {
    boolean continues = signal == Signal.SIGCONT && task.process().session() == target.session();
    return continues || task.credentials().maySignal(target.credentials());
  }

  static long tkill(Task task, long id, long signal, long a2, long a3, long a4, long a5) {
    return (int) id <= 0 ? -Errno.EINVAL : sendToThread(task, -1, (int) id, (int) signal, null);
  }

  static long tgkill(Task task, long group, long id, long signal, long a3, long a4, long a5) {
    if ((int) group <= 0 || (int) id <= 0) {
      return -Errno.EINVAL;
    }
    return sendToThread(task, (int) group, (int) id, (int) signal, null);
  }

  private static long sendToThread(Task task, int group, int id, int signal, SignalInfo given) {
    if (signal != 0 && !Signal.isValid(signal)) {
      return -Errno.EINVAL;
    }
    Task target = task.libraryOs().processes().task(id);
    if (target == null || (group > 0 && target.process().id() != group)) {
      return -Errno.ESRCH;
    }
    if (!maySignal(task, target.process(), signal)) {
      return -Errno.EPERM;
    }
    if (signal == 0) {
      return 0;
    }
    SignalInfo info =
        given != null
            ? given
            : SignalInfo.fromThread(signal, task.process().id(), task.credentials().uid());
    return SignalDelivery.send(target, info) ? 0 : -Errno.EAGAIN;
  }

  static long rtSigqueueinfo(Task task, long id, long signal, long in, long a3, long a4, long a5) {
    SignalInfo info = readInfo(task, (int) signal, in);
    Process process = task.libraryOs().processes().process((int) id);
    if (process == null) {
      return -Errno.ESRCH;
    }
    if (info.code() >= 0 && process != task.process()) {
      return -Errno.EPERM;
    }
    if (!maySignal(task, process, (int) signal)) {
      return -Errno.EPERM;
    }
    if (signal == 0) {
      return 0;
    }
    return SignalDelivery.send(process, info) ? 0 : -Errno.EAGAIN;
  }

  static long rtTgsigqueueinfo(
      Task task, long group, long id, long signal, long in, long a4, long a5) {
    SignalInfo info = readInfo(task, (int) signal, in);
    if (info.code() >= 0 && (int) group != task.process().id()) {
      return -Errno.EPERM;
    }
    return sendToThread(task, (int) group, (int) id, (int) signal, info);
  }

  static long pidfdSendSignal(Task task, int descriptor, int signal, long in, int flags) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      return sendTo(task, ProcessReference.of(file), signal, in);
    } finally {
      file.release();
    }
  }

  private static long sendTo(Task task, ProcessReference pid, int signal, long in) {
    SignalInfo info = SignalInfo.fromUser(signal, task.process().id(), task.credentials().uid());
    Process process = pid.process();
    if (in != 0) {
      if (task.memory().getInt(in) != signal) {
        return -Errno.EINVAL;
      }
      info = readInfo(task, signal, in);
      if (info.code() >= 0 && process != task.process()) {
        return -Errno.EPERM;
      }
    }
    if (pid.isGone()) {
      return -Errno.ESRCH;
    }
    if (signal != 0 && !Signal.isValid(signal)) {
      return -Errno.EINVAL;
    }
    if (!maySignal(task, process, signal)) {
      return -Errno.EPERM;
    }
    return signal == 0 || SignalDelivery.send(process, info) ? 0 : -Errno.EAGAIN;
  }

  private static SignalInfo readInfo(Task task, int signal, long in) {
    if (signal != 0 && !Signal.isValid(signal)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    byte[] bytes = new byte[SignalInfo.BYTES];
    task.memory().read(in, bytes, 0, SignalInfo.BYTES);
    return SignalInfo.fromBytes(signal, bytes);
  }
}
