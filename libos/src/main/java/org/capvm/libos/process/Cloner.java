package org.capvm.libos.process;

import static org.capvm.libos.abi.CloneFlags.CLONE_CHILD_CLEARTID;
import static org.capvm.libos.abi.CloneFlags.CLONE_CHILD_SETTID;
import static org.capvm.libos.abi.CloneFlags.CLONE_CLEAR_SIGHAND;
import static org.capvm.libos.abi.CloneFlags.CLONE_FILES;
import static org.capvm.libos.abi.CloneFlags.CLONE_FS;
import static org.capvm.libos.abi.CloneFlags.CLONE_PARENT;
import static org.capvm.libos.abi.CloneFlags.CLONE_PARENT_SETTID;
import static org.capvm.libos.abi.CloneFlags.CLONE_PIDFD;
import static org.capvm.libos.abi.CloneFlags.CLONE_SETTLS;
import static org.capvm.libos.abi.CloneFlags.CLONE_VFORK;
import static org.capvm.libos.abi.CloneFlags.CLONE_VM;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.signal.SignalActions;
import org.capvm.libos.signal.SignalState;
import org.capvm.machine.layout.Gpr;
import org.capvm.monitor.memory.GuestMemoryFault;

/** Makes a task from a task: a thread of the same process, or the first one of a new process. */
final class Cloner {
  private final Task parent;
  private final CloneRequest request;
  private final LibraryOs libraryOs;

  private Cloner(Task parent, CloneRequest request) {
    this.parent = parent;
    this.request = request;
    this.libraryOs = parent.libraryOs();
  }

  /**
   * Makes a task and starts it; with {@code CLONE_VFORK}, waits until it has let go of the caller's
   * memory.
   *
   * @return the new task's id
   * @throws ErrnoException EINVAL, EPERM, EAGAIN, ENOMEM
   */
  static long run(Task parent, CloneRequest request) {
    request.check();
    return new Cloner(parent, request).run();
  }

  private long run() {
    ProcessTable table = libraryOs.processes();
    if (exceedsUsersShare(table)) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    FileDescriptorTable files =
        request.has(CLONE_FILES) ? parent.files().share() : parent.files().copy();
    int id;
    Process process;
    try {
      id = table.allocateId();
      process = request.isThread() ? parent.process() : newProcess(id);
    } catch (RuntimeException refused) {
      files.leave();
      throw refused;
    }
    Task child = newTask(process, id, files);
    if (request.has(CLONE_PIDFD)) {
      giveDescriptor(child);
    }
    if (request.has(CLONE_PARENT_SETTID)) {
      parent.memory().putInt(request.parentTid(), id);
    }
    if (request.has(CLONE_CHILD_SETTID)) {
      child.memory().putInt(request.childTid(), id);
    }
    if (!request.isThread()) {
      table.add(process);
      process.parent().addChild(process);
    }
    start(child, process);
    if (request.has(CLONE_VFORK)) {
      process.awaitMemoryRelease(parent);
    }
    return id;
  }

  /** RLIMIT_NPROC counts the tasks of one real user; user 0 and the privileged are exempt. */
  private boolean exceedsUsersShare(ProcessTable table) {
    Credentials own = parent.credentials();
    return own.uid() != 0
        && !own.isPrivileged()
        && parent.limits().exceeds(Resource.RLIMIT_NPROC, table.taskCount(own.uid()) + 1L);
  }

  /** Gives the caller a descriptor for the new process; without that, there is none. */
  private void giveDescriptor(Task child) {
    try {
      int descriptor = parent.install(new PidDescriptor(child.process(), 0), true);
      try {
        parent.memory().putInt(request.pidDescriptor(), descriptor);
      } catch (GuestMemoryFault e) {
        parent.files().close(descriptor);
        throw e;
      }
    } catch (ErrnoException | GuestMemoryFault e) {
      abandon(child);
      throw e;
    }
  }

  /** Gives back what a task that will not start, of a process of its own, holds. */
  private static void abandon(Task child) {
    child.process().addressSpace().release();
    child.files().leave();
  }

  private Process newProcess(int id) {
    Process own = parent.process();
    Process begetter = request.has(CLONE_PARENT) && own.parent() != null ? own.parent() : own;
    SignalActions actions =
        request.has(CLONE_CLEAR_SIGHAND)
            ? own.signalActions().copyWithoutHandlers()
            : own.signalActions().copy();
    AddressSpace space = parent.addressSpace();
    if (request.has(CLONE_VM)) {
      space.share();
    } else {
      space = space.fork();
    }
    Process child =
        new Process(
            libraryOs, id, begetter, own.credentials(), own.limits().copy(), actions, space);
    child.inherit(own, request.exitSignal());
    return child;
  }

  private Task newTask(Process process, int id, FileDescriptorTable files) {
    FileSystemContext fileSystem =
        request.has(CLONE_FS) ? parent.fileSystem() : parent.fileSystem().copy();
    SignalState signals =
        new SignalState(process.pendingSignals(), parent.signals().maskToInherit());
    boolean sharesMemory = request.has(CLONE_VM) && !request.has(CLONE_VFORK);
    if (!sharesMemory) {
      signals.setStack(parent.signals().stack());
    }
    Task child = new Task(process, id, parent.name(), files, fileSystem, signals);
    child.setNice(parent.nice());
    child.affinity().ask(parent.affinity().asked());
    if (request.has(CLONE_CHILD_CLEARTID)) {
      child.setClearChildTid(request.childTid());
    }
    return child;
  }

  private void start(Task child, Process process) {
    Registers.Snapshot snapshot = parent.registers().snapshot();
    try {
      TaskThread.start(child, () -> setUp(child, snapshot));
    } catch (OutOfMemoryError e) {
      // The host refuses another thread.
      if (!request.isThread()) {
        process.parent().removeChild(process);
        libraryOs.processes().remove(process);
        process.addressSpace().release();
      }
      child.files().leave();
      throw ErrnoException.of(Errno.EAGAIN);
    }
  }

  private void setUp(Task child, Registers.Snapshot snapshot) {
    Registers registers = child.registers();
    registers.restore(snapshot);
    registers.set(Gpr.RAX, 0);
    if (request.stackPointer() != 0) {
      registers.set(Gpr.RSP, request.stackPointer());
    }
    if (request.has(CLONE_SETTLS)) {
      registers.setFsBase(request.tls());
    }
    if (!request.has(CLONE_VM)) {
      // Where it is sure to go first.
      child.addressSpace().revealCode(registers.pc());
    }
  }

  /** The request that {@code fork} stands for. */
  static CloneRequest fork() {
    return new CloneRequest(0, Signal.SIGCHLD, 0, 0, 0, 0, 0);
  }

  /** The request that {@code vfork} stands for. */
  static CloneRequest vfork() {
    return new CloneRequest(CLONE_VFORK | CLONE_VM, Signal.SIGCHLD, 0, 0, 0, 0, 0);
  }
}
