package org.capvm.libos.signal;

import static org.capvm.libos.abi.Signal.bit;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.ExitStatus;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.ProcessGroups;
import org.capvm.libos.process.Registers;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemoryFault;

/** Sends signals, and makes tasks act on them when they are about to go back to the guest. */
public final class SignalDelivery {
  private static final int RAX = 0;
  private static final int SYSCALL_INSTRUCTION_BYTES = 2;
  private static final int RESTART_SYSCALL = 219;

  private SignalDelivery() {}

  /**
   * Sends a signal to a process. Any thread may call this.
   *
   * @return false if the queue is full
   */
  public static boolean send(Process process, SignalInfo info) {
    prepare(process, info.signal());
    if (isDropped(process, info.signal())) {
      return true;
    }
    if (!process.pendingSignals().add(info, queueLimit(process))) {
      return false;
    }
    process.announceSignal();
    if (info.signal() == Signal.SIGKILL) {
      process.exitGroup(ExitStatus.killed(Signal.SIGKILL, false));
      return true;
    }
    for (Task task : process.tasks()) {
      if (task.signals().wants(bit(info.signal()))) {
        task.interrupt();
        break;
      }
    }
    return true;
  }

  /** Sends a signal to one task. Any thread may call this. */
  public static boolean send(Task task, SignalInfo info) {
    Process process = task.process();
    prepare(process, info.signal());
    if (isDropped(process, info.signal())) {
      return true;
    }
    if (info.signal() == Signal.SIGKILL) {
      process.exitGroup(ExitStatus.killed(Signal.SIGKILL, false));
      return true;
    }
    if (!task.signals().pending().add(info, queueLimit(process))) {
      return false;
    }
    process.announceSignal();
    if (task.signals().wants(bit(info.signal()))) {
      task.interrupt();
    }
    return true;
  }

  /**
   * Sends a signal that a fault of the calling task caused: it cannot be ignored or blocked; where
   * it is, the process ends.
   */
  public static void force(Task task, SignalInfo info) {
    long set = bit(info.signal());
    SignalActions actions = task.process().signalActions();
    boolean blocked = (task.signals().mask() & set) != 0;
    if (blocked || actions.get(info.signal()).handler() == Signal.SIG_IGN) {
      actions.set(info.signal(), SignalAction.DEFAULT);
      task.signals().setMask(task.signals().mask() & ~set);
    }
    task.signals().pending().add(info, queueLimit(task.process()));
  }

  private static int queueLimit(Process process) {
    long limit = process.limits().soft(Resource.RLIMIT_SIGPENDING);
    return limit < 0 || limit > Integer.MAX_VALUE ? Integer.MAX_VALUE : (int) limit;
  }

  /** Stop signals and SIGCONT cancel each other when they are sent, whatever their dispositions. */
  private static void prepare(Process process, int signal) {
    if (signal == Signal.SIGCONT) {
      discardEverywhere(process, DefaultAction.STOPPING);
      process.resume();
    } else if ((bit(signal) & DefaultAction.STOPPING) != 0) {
      discardEverywhere(process, bit(Signal.SIGCONT));
    }
  }

  private static void discardEverywhere(Process process, long set) {
    process.pendingSignals().discard(set);
    for (Task task : process.tasks()) {
      task.signals().pending().discard(set);
    }
  }

  /** An ignored signal is dropped at once, unless some task blocks it and may change its mind. */
  private static boolean isDropped(Process process, int signal) {
    if (process.isOver()) {
      return true;
    }
    if (!process.signalActions().ignores(signal)) {
      return false;
    }
    for (Task task : process.tasks()) {
      if ((task.signals().mask() & bit(signal)) != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Acts on what waits for the calling task, before it goes back to the guest: starts handlers,
   * carries out default actions, restarts or fails an interrupted system call.
   *
   * @param systemCall number of the call whose result is in rax, or -1
   */
  public static void deliver(Task task, int systemCall) {
    int call = systemCall;
    while (true) {
      task.process().awaitResumption(task);
      SignalInfo info = task.isOver() ? null : task.signals().takeDeliverable();
      if (info == null) {
        break;
      }
      SignalAction action = task.process().signalActions().take(info.signal());
      if (task.traceSink() != null) {
        task.traceSink().signal(task, info);
      }
      if (action.handler() == Signal.SIG_IGN) {
        continue;
      }
      if (action.handler() == Signal.SIG_DFL) {
        defaultAction(task, info);
        continue;
      }
      if (call >= 0) {
        finishInterrupted(task, call, action);
        call = -1;
      }
      startHandler(task, info, action);
    }
    if (call >= 0) {
      restart(task, call);
    }
    task.signals().restoreMask();
  }

  private static void defaultAction(Task task, SignalInfo info) {
    Process process = task.process();
    switch (DefaultAction.of(info.signal())) {
      case TERMINATE -> process.exitGroup(ExitStatus.killed(info.signal(), false));
      case CORE -> {
        process.reportDeath(task, info);
        process.exitGroup(ExitStatus.killed(info.signal(), process.dumpsCore()));
      }
      case STOP -> {
        // Nobody could continue an orphaned group: only SIGSTOP stops it.
        if (info.signal() == Signal.SIGSTOP
            || !ProcessGroups.isOrphaned(process.libraryOs(), process.processGroup())) {
          process.stop(info.signal());
        }
      }
      case IGNORE, CONTINUE -> {
        // Nothing happens; a stopped process went on when SIGCONT was sent.
      }
    }
  }

  private static void startHandler(Task task, SignalInfo info, SignalAction action) {
    SignalState state = task.signals();
    long maskToRestore = state.takeMaskForFrame();
    boolean pushed;
    try {
      pushed = SignalFrame.push(task, info, action, maskToRestore);
    } catch (GuestMemoryFault e) {
      pushed = false;
    }
    if (!pushed) {
      if (info.signal() == Signal.SIGSEGV) {
        task.process().signalActions().set(Signal.SIGSEGV, SignalAction.DEFAULT);
      }
      force(task, SignalInfo.fromKernel(Signal.SIGSEGV));
      return;
    }
    long blocked = state.mask() | action.mask();
    if (!action.has(Signal.SA_NODEFER)) {
      blocked |= bit(info.signal());
    }
    state.setMask(blocked);
  }

  /**
   * A handler is about to run: an interrupted call fails with EINTR unless it is to be made again
   * afterwards.
   */
  private static void finishInterrupted(Task task, int systemCall, SignalAction action) {
    Registers registers = task.registers();
    switch (interruption(registers)) {
      case Errno.ERESTART_RESTARTBLOCK, Errno.ERESTARTNOHAND -> registers.set(RAX, -Errno.EINTR);
      case Errno.ERESTARTSYS -> {
        if (action.has(Signal.SA_RESTART)) {
          repeat(registers, systemCall);
        } else {
          registers.set(RAX, -Errno.EINTR);
        }
      }
      case Errno.ERESTARTNOINTR -> repeat(registers, systemCall);
      default -> {
        // The call was not interrupted.
      }
    }
  }

  /** No handler runs: an interrupted call is made again. */
  private static void restart(Task task, int systemCall) {
    Registers registers = task.registers();
    switch (interruption(registers)) {
      case Errno.ERESTARTSYS, Errno.ERESTARTNOHAND, Errno.ERESTARTNOINTR ->
          repeat(registers, systemCall);
      case Errno.ERESTART_RESTARTBLOCK -> repeat(registers, RESTART_SYSCALL);
      default -> {
        // The call was not interrupted.
      }
    }
  }

  /** Whether a system call's result says that it was interrupted. */
  public static boolean isInterruption(long result) {
    return result <= -Errno.ERESTARTSYS && result >= -Errno.ERESTART_RESTARTBLOCK;
  }

  private static int interruption(Registers registers) {
    long result = registers.get(RAX);
    return isInterruption(result) ? (int) -result : 0;
  }

  private static void repeat(Registers registers, int systemCall) {
    registers.set(RAX, systemCall);
    registers.setPc(registers.pc() - SYSCALL_INSTRUCTION_BYTES);
  }
}
