package org.capvm.libos.process;

import org.capvm.libos.LibraryOs;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.machine.code.CodeCacheFullException;
import org.capvm.monitor.gate.GuestThread;

/** A task on a platform thread: binds the two, runs the task, and clears up behind it. */
final class TaskThread implements Runnable {
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
    task.libraryOs().threads().execute(new TaskThread(task, first));
  }

  @Override
  public void run() {
    Thread.currentThread().setName("task-" + task.id());
    LibraryOs libraryOs = task.libraryOs();
    AddressSpace space = task.addressSpace();
    try (GuestThread guest =
            libraryOs.intravisor().newGuestThread(space.slot(), space.codeSpace());
        Visits _ = Visits.openForThread()) {
      task.attach(guest);
      guest.setFaultAnswer(context -> Faults.resolve(task, context));
      first.run();
      new RunLoop(task, libraryOs.dispatcher()).run();
    } catch (CodeCacheFullException full) {
      // As Linux ends who takes the last of the memory: there is no call that could be refused.
      task.process().outOfMemory(task, full);
    } catch (RuntimeException | Error e) {
      task.process().abort(task, e);
    } finally {
      task.detach();
      TaskEnd.end(task);
    }
  }
}
