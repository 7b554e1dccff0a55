package org.capvm.libos.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/** The process and thread ids of one cVM. Thread-safe; its monitor is the outermost lock. */
public final class ProcessTable {
  /** Linux's default {@code kernel.pid_max} on small machines. */
  public static final int PID_MAX = 32768;

  /** The id of the process with which a cVM starts and ends. */
  public static final int FIRST = 1;

  private final int maxTasks;
  private final Map<Integer, Process> processes = new TreeMap<>();

  /** Changed with the lock; {@link #load} alone reads it without. */
  private final Map<Integer, Task> tasks = new ConcurrentSkipListMap<>();

  private int last;

  /**
   * An empty table.
   *
   * @param maxTasks how many threads, of all processes together, there may be at a time
   */
  public ProcessTable(int maxTasks) {
    this.maxTasks = maxTasks;
  }

  /**
   * Reserves the next free id, of a process or a thread.
   *
   * @throws ErrnoException EAGAIN if none is free or there are as many tasks as there may be
   */
  public synchronized int allocateId() {
    // Nobody has waited yet for those that are processes and no tasks any more: they count, too.
    if (Math.max(tasks.size(), processes.size()) >= maxTasks) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    for (int tried = 0; tried < PID_MAX; tried++) {
      last = last >= PID_MAX - 1 ? 1 : last + 1;
      if (!tasks.containsKey(last) && !processes.containsKey(last)) {
        return last;
      }
    }
    throw ErrnoException.of(Errno.EAGAIN);
  }

  /** Makes a process findable. */
  public synchronized void add(Process process) {
    processes.put(process.id(), process);
  }

  /** Makes a task findable. */
  public synchronized void add(Task task) {
    tasks.put(task.id(), task);
  }

  /** Gives a task another id. */
  synchronized void rename(Task task, int id) {
    tasks.remove(task.id(), task);
    task.setId(id);
    tasks.put(id, task);
  }

  /** Forgets a process that was waited for. */
  public synchronized void remove(Process process) {
    processes.remove(process.id(), process);
  }

  /** Forgets a task that ended. */
  public synchronized void remove(Task task) {
    tasks.remove(task.id(), task);
  }

  /** The process with an id, a zombie included, or null. */
  public synchronized Process process(int id) {
    return processes.get(id);
  }

  /** The task with an id, or null. */
  public synchronized Task task(int id) {
    return tasks.get(id);
  }

  /**
   * Who adopts the children of a process that ends: the cVM's first process, or null if that is the
   * one.
   */
  public synchronized Process reaperFor(Process ending) {
    Process first = processes.get(FIRST);
    return first == ending || first == null || first.isOver() ? null : first;
  }

  /** How many tasks there are, of all processes together. */
  public synchronized int taskCount() {
    return tasks.size();
  }

  /**
   * How many processors the tasks want at the moment: about as many as could run. Waits for nobody:
   * the more tasks begin and end, the more it matters to others that their cVM is looked at.
   */
  public double load() {
    double load = 0;
    for (Task task : tasks.values()) {
      load += task.load();
    }
    return load;
  }

  /** How many tasks there are of processes with a real user. */
  synchronized int taskCount(int uid) {
    int count = 0;
    for (Task task : tasks.values()) {
      count += task.credentials().uid() == uid ? 1 : 0;
    }
    return count;
  }

  /** All processes but one. */
  synchronized List<Process> others(Process process) {
    List<Process> others = new ArrayList<>(processes.values());
    others.remove(process);
    return others;
  }

  /** All tasks, by id. */
  public synchronized List<Task> tasks() {
    return new ArrayList<>(tasks.values());
  }

  /** All processes, by id. */
  public synchronized List<Process> processes() {
    return new ArrayList<>(processes.values());
  }
}
