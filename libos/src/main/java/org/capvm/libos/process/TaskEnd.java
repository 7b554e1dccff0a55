package org.capvm.libos.process;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.futex.RobustList;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * What happens when a task ends, and when it was its process's last. On the task's thread, out of
 * the guest.
 */
final class TaskEnd {
  private TaskEnd() {}

  static void end(Task task) {
    Process process = task.process();
    LibraryOs libraryOs = task.libraryOs();
    releaseMemory(task);
    task.files().leave();
    libraryOs.statistics().add(task.callCounts());
    task.addTimesTo(process.ownTimes());
    ExitStatus status = task.exited() != null ? task.exited() : ExitStatus.exited(0);
    task.close();
    libraryOs.processes().remove(task);
    if (process.remove(task)) {
      endProcess(process, status);
    }
  }

  /** The task lets go of memory it shares: robust futexes, and the word its joiner waits for. */
  static void releaseMemory(Task task) {
    RobustList.release(task);
    long word = task.clearChildTid();
    if (word != 0) {
      task.setClearChildTid(0);
      try {
        task.memory().putInt(word, 0);
        task.libraryOs().futexes().wakeShared(task, word, 1);
      } catch (GuestMemoryFault | ErrnoException e) {
        // The word went away with its memory; nobody can wait for it.
      }
    }
  }

  private static void endProcess(Process process, ExitStatus status) {
    ControllingTerminal terminal = process.controllingTerminal();
    if (terminal != null && process.id() == process.session()) {
      terminal.leaderEnded();
    }
    process.timers().close();
    process.pendingSignals().close();
    process.addressSpace().release();
    process.libraryOs().ipc().ended(process);
    process.releaseParentsMemory();
    Process parent = process.parent();
    if (parent == null) {
      if (process.id() == ProcessTable.FIRST) {
        endOthers(process);
      } else {
        handOverChildren(process);
      }
      process.libraryOs().processes().remove(process);
      process.end(status);
      return;
    }
    handOverChildren(process);
    // Before the end can be seen: a parent that does not want to wait must not find a zombie.
    if (!parent.wantsToWaitFor(process)) {
      parent.reap(process);
    }
    process.end(status);
    ProcessGroups.releaseIfOrphaned(process, process.parent(), process);
    ExitStatus ended = process.ended();
    boolean killed = ended.signal() != 0;
    // Asked anew: the parent may have ended meanwhile and left its children to another.
    Process heir = process.parent();
    ChildEvents.announceEnd(
        heir == null ? parent : heir,
        process,
        killed ? Signal.CLD_KILLED : Signal.CLD_EXITED,
        killed ? ended.signal() : ended.code());
  }

  /**
   * The first process ends and takes the cVM with it, processes that are only being made included.
   */
  private static void endOthers(Process first) {
    ProcessTable table = first.libraryOs().processes();
    for (List<Process> left = table.others(first); !left.isEmpty(); left = table.others(first)) {
      left.forEach(other -> other.exitGroup(ExitStatus.killed(Signal.SIGKILL, false)));
      try {
        left.getFirst().awaitEnd();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      table.remove(left.getFirst());
    }
  }

  private static void handOverChildren(Process process) {
    Process heir = process.libraryOs().processes().reaperFor(process);
    for (Process child : process.children()) {
      process.removeChild(child);
      if (heir != null) {
        child.setParent(heir);
        heir.addChild(child);
      }
      ProcessGroups.releaseIfOrphaned(child, process, null);
      int signal = child.parentDeathSignal();
      if (signal != 0) {
        SignalDelivery.send(child, SignalInfo.fromUser(signal, process.id(), 0));
      }
    }
    if (heir != null) {
      heir.tasks().forEach(Task::wake);
    }
  }
}
