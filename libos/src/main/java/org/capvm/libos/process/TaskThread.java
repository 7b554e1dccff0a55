package org.capvm.libos.process;

import org.capvm.libos.LibraryOs;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.monitor.gate.GuestThread;

/** The platform thread of a task: binds the two, runs the task, and clears up behind it. */
final class TaskThread {
  /** Java frames are shallow here: handlers do not recurse into guests. */
  private static final long STACK_BYTES = 512 << 10;

  private final Task task;
  private final Runnable first;

  private TaskThread(Task task, Runnable first) {
    this.task = task;
    this.first = first;
  }

  /**
   * Makes a task findable and starts it.
   *
   * @param first sets the registers up, on the task's thread
   */
  static void start(Task task, Runnable first) {
    task.process().add(task);
    task.libraryOs().processes().add(task);
    Thread thread =
        new Thread(null, new TaskThread(task, first)::run, "task-" + task.id(), STACK_BYTES);
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    LibraryOs libraryOs = task.libraryOs();
    AddressSpace space = task.addressSpace();
    try (GuestThread guest =
            libraryOs.intravisor().newGuestThread(space.slot(), space.codeSpace());
        Visits _ = Visits.openForThread()) {
      task.attach(guest);
      guest.setFaultAnswer(context -> Faults.resolve(task, context));
      first.run();
      new RunLoop(task, libraryOs.dispatcher()).run();
    } catch (RuntimeException | Error e) {
      task.process().abort(task, e);
    } finally {
      task.detach();
      TaskEnd.end(task);
    }
  }
}
