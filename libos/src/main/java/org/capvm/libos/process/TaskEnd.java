package org.capvm.libos.process;

import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.futex.RobustList;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.monitor.memory.GuestMemoryFault;

/** What happens when a task ends, and when it was its process's last. On the task's thread, out of the guest. */
final class TaskEnd {
  private TaskEnd() {}

  static void end(Task task) {
    Process process = task.process();
    LibraryOs libraryOs = task.libraryOs();
    releaseMemory(task);
    libraryOs.statistics().add(task.callCounts());
    ThreadTimes.addOwn(process.ownTimes());
    ExitStatus status = task.exited() != null ? task.exited() : ExitStatus.exited(0);
    boolean last = process.remove(task);
    task.close();
    if (!last || task.id() != process.id()) {
      libraryOs.processes().remove(task);
    }
    if (last) {
      endProcess(task, process, status);
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
      } catch (GuestMemoryFault e) {
        // The word went away with its memory; nobody can wait for it.
      }
    }
  }

  private static void endProcess(Task task, Process process, ExitStatus status) {
    LibraryOs libraryOs = task.libraryOs();
    process.timers().close();
    task.files().leave();
    AddressSpace space = process.addressSpace();
    space.release();
    Process heir = libraryOs.processes().reaperFor(process);
    for (Process child : process.children()) {
      child.setParent(heir);
      process.removeChild(child);
      if (heir != null) {
        heir.addChild(child);
      }
    }
    Process parent = process.parent();
    if (parent == null) {
      libraryOs.processes().remove(task);
      libraryOs.processes().remove(process);
      process.end(status);
      return;
    }
    process.end(status);
    ExitStatus ended = process.ended();
    int code = ended.signal() != 0 ? Signal.CLD_KILLED : Signal.CLD_EXITED;
    ChildEvents.announce(parent, process, code, ended.signal() != 0 ? ended.signal() : ended.code());
  }
}
