package org.capvm.libos.ipc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.Task;

/**
 * A set of semaphores: {@code semget(2)}. Operations that must wait are queued; whoever changes the
 * set carries out those that have become possible, first come, first served. Guarded by the
 * namespace's lock.
 */
final class SemaphoreSet extends IpcObject {
  static final String HEADING =
      "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";

  /** {@code SEMVMX}, and {@code SEMAEM}: the most that is undone at a process's end. */
  static final int MAX_VALUE = 32767;

  private final int[] values;
  private final int[] lastProcesses;
  private final Map<Process, Map<Integer, Integer>> adjustments = new HashMap<>();
  private final List<Waiting> queue = new ArrayList<>();
  private final UndoBudget undoBudget;
  private long operationSeconds;

  /** Operations of a task that waits for them to become possible. */
  static final class Waiting {
    private final Task task;
    private final List<SemaphoreOperation> operations;
    private SemaphoreOperation obstacle;
    private volatile boolean finished;
    private volatile int errno;

    private Waiting(Task task, List<SemaphoreOperation> operations) {
      this.task = task;
      this.operations = operations;
    }

    /** Whether the operations were carried out, or will never be. */
    boolean isFinished() {
      return finished;
    }

    /** Why they failed, or 0. */
    int errno() {
      return errno;
    }

    private void finish(int error) {
      errno = error;
      finished = true;
      task.wake();
    }
  }

  SemaphoreSet(Task task, int key, int flags, int count, UndoBudget undoBudget) {
    super(task, key, flags);
    this.values = new int[count];
    this.lastProcesses = new int[count];
    this.undoBudget = undoBudget;
  }

  int count() {
    return values.length;
  }

  int value(int semaphore) {
    return values[semaphore];
  }

  int lastProcess(int semaphore) {
    return lastProcesses[semaphore];
  }

  /** How many tasks wait for a semaphore to become 0, or to grow. */
  int waiters(int semaphore, boolean forZero) {
    int count = 0;
    for (Waiting waiting : queue) {
      SemaphoreOperation obstacle = waiting.obstacle;
      if (obstacle.semaphore() == semaphore && (obstacle.change() == 0) == forZero) {
        count++;
      }
    }
    return count;
  }

  /** {@code SETVAL}: nobody undoes what was done to the semaphore before. */
  void set(Task task, int semaphore, int value) {
    forget(semaphore);
    values[semaphore] = value;
    lastProcesses[semaphore] = task.process().id();
    touch();
    carryOutWaiting();
  }

  /** {@code SETALL}. */
  void setAll(Task task, int[] changed) {
    adjustments.values().forEach(each -> undoBudget.give(each.size()));
    adjustments.clear();
    System.arraycopy(changed, 0, values, 0, values.length);
    Arrays.fill(lastProcesses, task.process().id());
    touch();
    carryOutWaiting();
  }

  private void forget(int semaphore) {
    for (Map<Integer, Integer> each : adjustments.values()) {
      if (each.remove(semaphore) != null) {
        undoBudget.give(1);
      }
    }
  }

  /**
   * Carries operations out, all or none.
   *
   * @return null if that is done; otherwise what the caller waits for
   * @throws ErrnoException EAGAIN, ERANGE, ENOMEM
   */
  Waiting operate(Task task, List<SemaphoreOperation> operations) {
    SemaphoreOperation obstacle = perform(task.process(), operations);
    if (obstacle == null) {
      operationSeconds = nowSeconds();
      carryOutWaiting();
      return null;
    }
    if (!obstacle.mayWait()) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    Waiting waiting = new Waiting(task, operations);
    waiting.obstacle = obstacle;
    queue.add(waiting);
    return waiting;
  }

  /** The task does not wait any more. */
  void leave(Waiting waiting) {
    queue.remove(waiting);
  }

  /** Carries operations out, or returns the one that stands in the way, nothing being changed. */
  private SemaphoreOperation perform(Process process, List<SemaphoreOperation> operations) {
    Map<Integer, Integer> changed = new HashMap<>();
    Map<Integer, Integer> adjusted = new HashMap<>();
    Map<Integer, Integer> own = adjustments.getOrDefault(process, Map.of());
    for (SemaphoreOperation operation : operations) {
      int semaphore = operation.semaphore();
      int before = changed.getOrDefault(semaphore, values[semaphore]);
      int after = before + operation.change();
      if (after < 0 || (operation.change() == 0 && before != 0)) {
        return operation;
      }
      if (after > MAX_VALUE) {
        throw ErrnoException.of(Errno.ERANGE);
      }
      changed.put(semaphore, after);
      if (operation.isUndone()) {
        int adjustment =
            adjusted.getOrDefault(semaphore, own.getOrDefault(semaphore, 0)) - operation.change();
        if (adjustment < -MAX_VALUE - 1 || adjustment > MAX_VALUE) {
          throw ErrnoException.of(Errno.ERANGE);
        }
        adjusted.put(semaphore, adjustment);
      }
    }
    adjust(process, adjusted);
    changed.forEach(
        (semaphore, value) -> {
          values[semaphore] = value;
          lastProcesses[semaphore] = process.id();
        });
    return null;
  }

  private void adjust(Process process, Map<Integer, Integer> adjusted) {
    if (adjusted.isEmpty()) {
      return;
    }
    Map<Integer, Integer> own = adjustments.computeIfAbsent(process, key -> new HashMap<>());
    undoBudget.take(adjusted.size());
    int before = own.size();
    own.putAll(adjusted);
    own.values().removeIf(adjustment -> adjustment == 0);
    undoBudget.give(before + adjusted.size() - own.size());
  }

  /** A process ends: takes back what it did to the semaphores and wanted undone. */
  void undo(Process process) {
    Map<Integer, Integer> own = adjustments.remove(process);
    if (own == null) {
      return;
    }
    undoBudget.give(own.size());
    own.forEach(
        (semaphore, adjustment) -> {
          int value = values[semaphore] + adjustment;
          values[semaphore] = Math.clamp(value, 0, MAX_VALUE);
          lastProcesses[semaphore] = process.id();
        });
    operationSeconds = nowSeconds();
    carryOutWaiting();
  }

  /** Carries out what waits and has become possible, until nothing more has. */
  private void carryOutWaiting() {
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Waiting waiting : List.copyOf(queue)) {
        int error = 0;
        try {
          waiting.obstacle = perform(waiting.task.process(), waiting.operations);
          if (waiting.obstacle != null) {
            continue;
          }
          operationSeconds = nowSeconds();
          changed = true;
        } catch (ErrnoException e) {
          error = e.errno();
        }
        queue.remove(waiting);
        waiting.finish(error);
      }
    }
  }

  @Override
  void released() {
    queue.forEach(waiting -> waiting.finish(Errno.EIDRM));
    queue.clear();
    adjustments.values().forEach(each -> undoBudget.give(each.size()));
    adjustments.clear();
  }

  @Override
  IpcStructure structure() {
    IpcStructure structure = new IpcStructure(104);
    putPermissions(structure);
    return structure
        .putLong(48, operationSeconds)
        .putLong(64, changeSeconds())
        .putLong(80, values.length);
  }

  @Override
  String line() {
    return String.format(
        "%10d %10d  %4o %10d %5d %5d %5d %5d %10d %10d%n",
        key(),
        id(),
        mode(),
        values.length,
        user(),
        group(),
        creatorUser(),
        creatorGroup(),
        operationSeconds,
        changeSeconds());
  }
}
