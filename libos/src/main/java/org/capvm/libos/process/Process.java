package org.capvm.libos.process;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.signal.PendingSignals;
import org.capvm.libos.signal.SignalAction;
import org.capvm.libos.signal.SignalActions;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.libos.time.ProcessTimers;
import org.capvm.machine.code.CodeCacheFullException;

/** A process: what its tasks share, and its place among other processes. Thread-safe. */
public final class Process {
  /** How often a task that ends its siblings looks whether the process is ending as a whole. */
  private static final long POLL_MILLIS = 20;

  private final LibraryOs libraryOs;
  private final int id;
  private final ResourceLimits limits;
  private final PendingSignals pendingSignals;
  private final SignalActions signalActions;
  private final ProcessTimers timers = new ProcessTimers(this);
  private final long startNanos = System.nanoTime();
  private final List<Runnable> signalListeners = new CopyOnWriteArrayList<>();
  private final WaitQueue endQueue = new WaitQueue();

  private final List<Task> tasks = new ArrayList<>();
  private final List<Process> children = new ArrayList<>();
  private final CpuTimes ownTimes = new CpuTimes();
  private final CpuTimes childrenTimes = new CpuTimes();

  private volatile AddressSpace addressSpace;
  private volatile Credentials credentials;
  private volatile Process parent;
  private volatile int processGroup;
  private volatile int session;
  private volatile ControllingTerminal controllingTerminal;
  private volatile Program program;
  private volatile Program inheritedProgram;
  private volatile ExitStatus exiting;
  private volatile ExitStatus ended;
  private volatile int stopSignal;
  private volatile boolean dumpable = true;
  private volatile OutOfMemoryScore outOfMemoryScore = OutOfMemoryScore.INITIAL;
  private volatile int parentDeathSignal;
  private volatile boolean keepsCapabilities;
  private volatile int exitSignal = Signal.SIGCHLD;
  private volatile boolean memoryReleased;
  private int unreportedStop;
  private boolean unreportedContinue;

  Process(
      LibraryOs libraryOs,
      int id,
      Process parent,
      Credentials credentials,
      ResourceLimits limits,
      SignalActions signalActions,
      AddressSpace addressSpace) {
    this.libraryOs = libraryOs;
    this.pendingSignals = new PendingSignals(libraryOs.memoryLimit());
    this.id = id;
    this.parent = parent;
    this.credentials = credentials;
    this.limits = limits;
    this.signalActions = signalActions;
    this.addressSpace = addressSpace;
    this.processGroup = parent == null ? id : parent.processGroup;
    this.session = parent == null ? id : parent.session;
  }

  /** The library OS the process runs on. */
  public LibraryOs libraryOs() {
    return libraryOs;
  }

  /** The process id. */
  public int id() {
    return id;
  }

  /** The parent, or null if it lies outside the cVM. */
  public Process parent() {
    return parent;
  }

  /** The parent's id, 0 if it lies outside the cVM. */
  public int parentId() {
    Process current = parent;
    return current == null ? 0 : current.id;
  }

  /** The process group's id. */
  public int processGroup() {
    return processGroup;
  }

  /** Moves the process to another group; the caller has checked that it may. */
  public void setProcessGroup(int group) {
    processGroup = group;
  }

  /** The session's id. */
  public int session() {
    return session;
  }

  /** The terminal of the session, or null if it is the cVM's own or there is none. */
  public ControllingTerminal controllingTerminal() {
    return controllingTerminal;
  }

  /** Sets {@link #controllingTerminal}. */
  public void setControllingTerminal(ControllingTerminal terminal) {
    controllingTerminal = terminal;
  }

  /** Starts a session and a group of the process's own, without a terminal. */
  public void startSession() {
    controllingTerminal = null;
    session = id;
    processGroup = id;
  }

  /** Identity in force. */
  public Credentials credentials() {
    return credentials;
  }

  /**
   * Installs a new identity; the caller has checked that it is allowed. Another effective one makes
   * the process not dumpable.
   */
  public void setCredentials(Credentials changed) {
    Credentials before = credentials;
    if (changed.euid() != before.euid()
        || changed.egid() != before.egid()
        || changed.fsuid() != before.fsuid()
        || changed.fsgid() != before.fsgid()) {
      dumpable = false;
    }
    credentials = changed;
  }

  /** The resource limits. */
  public ResourceLimits limits() {
    return limits;
  }

  /** The memory. */
  public AddressSpace addressSpace() {
    return addressSpace;
  }

  void setAddressSpace(AddressSpace changed) {
    addressSpace = changed;
  }

  /** What the process executes, or null before its first exec. */
  public Program program() {
    return program;
  }

  /** The process executes another program, and is dumpable if its identity is one alone. */
  void setProgram(Program changed) {
    program = changed;
    Credentials own = credentials;
    dumpable = own.uid() == own.euid() && own.gid() == own.egid();
  }

  /** Takes over from the process that forked this one what is not given to the constructor. */
  void inherit(Process forker, int signalAtExit) {
    processGroup = forker.processGroup;
    session = forker.session;
    controllingTerminal = forker.controllingTerminal;
    program = forker.program;
    inheritedProgram = forker.program;
    dumpable = forker.dumpable;
    outOfMemoryScore = forker.outOfMemoryScore;
    exitSignal = signalAtExit;
  }

  /** How the process is to be chosen when memory is short. */
  public OutOfMemoryScore outOfMemoryScore() {
    return outOfMemoryScore;
  }

  /** Sets {@link #outOfMemoryScore}. */
  public void setOutOfMemoryScore(OutOfMemoryScore changed) {
    outOfMemoryScore = changed;
  }

  /** What the parent gets when the process ends, or 0. */
  int exitSignal() {
    return exitSignal;
  }

  /** The process does not use its parent's memory any more: a parent in {@code vfork} goes on. */
  void releaseParentsMemory() {
    memoryReleased = true;
    Process current = parent;
    if (current != null) {
      current.tasks().forEach(Task::wake);
    }
  }

  /** Keeps a parent in {@code vfork} waiting; only its own end makes it stop before. */
  void awaitMemoryRelease(Task waiting) {
    while (!memoryReleased && !waiting.isOver()) {
      waiting.parkThroughSignals();
    }
  }

  /**
   * Ends all tasks but one, which is about to execute another program and takes the process's id
   * over if it was not the first.
   *
   * @return false if the process is ending anyway
   */
  boolean endOtherTasks(Task survivor) {
    for (Task task : tasks()) {
      if (task != survivor) {
        task.exit(ExitStatus.killed(Signal.SIGKILL, false));
        task.interrupt();
      }
    }
    synchronized (tasks) {
      while (tasks.size() > 1 && exiting == null) {
        try {
          tasks.wait(POLL_MILLIS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return false;
        }
      }
    }
    if (exiting != null) {
      return false;
    }
    libraryOs.processes().rename(survivor, id);
    return true;
  }

  /** What the process executed when it was forked, or null. */
  Program inheritedProgram() {
    return inheritedProgram;
  }

  /** Signals sent to the process as a whole. */
  public PendingSignals pendingSignals() {
    return pendingSignals;
  }

  /** What the process does about signals. */
  public SignalActions signalActions() {
    return signalActions;
  }

  /** Interval timers and POSIX timers. */
  public ProcessTimers timers() {
    return timers;
  }

  /** When the process started, in terms of {@link System#nanoTime}. */
  public long startNanos() {
    return startNanos;
  }

  /** Processor time used so far, by tasks that ended and those that run. */
  public CpuTimes cpuTimes() {
    CpuTimes total = new CpuTimes();
    total.add(ownTimes);
    for (Task task : tasks()) {
      total.add(task.cpuNanos(), 0);
    }
    return total;
  }

  /** Processor time used so far, user and system together, in nanoseconds. */
  public long cpuNanos() {
    return cpuTimes().nanos();
  }

  /** Processor time of an ended process and of its children. */
  CpuTimes allTimes() {
    CpuTimes total = new CpuTimes();
    total.add(ownTimes);
    total.add(childrenTimes);
    return total;
  }

  /** Whether a child that ends stays as a zombie until it is waited for. */
  boolean wantsToWaitFor(Process child) {
    SignalAction action = signalActions.get(Signal.SIGCHLD);
    boolean declines = action.handler() == Signal.SIG_IGN || action.has(Signal.SA_NOCLDWAIT);
    return !(declines && child.exitSignal == Signal.SIGCHLD) && !isOver();
  }

  /** Takes an ended child out of the process table; false if another task was faster. */
  boolean reap(Process child) {
    synchronized (children) {
      if (!children.remove(child)) {
        return false;
      }
    }
    childrenTimes.add(child.allTimes());
    libraryOs.processes().remove(child);
    return true;
  }

  /** The signal of a stop that the parent has not heard of, or 0. */
  synchronized int takeStopEvent(boolean keep) {
    int signal = unreportedStop;
    if (!keep) {
      unreportedStop = 0;
    }
    return signal;
  }

  /** Whether the process went on and the parent has not heard of it. */
  synchronized boolean takeContinueEvent(boolean keep) {
    boolean there = unreportedContinue;
    if (!keep) {
      unreportedContinue = false;
    }
    return there;
  }

  /** Processor time of tasks that ended. */
  public CpuTimes ownTimes() {
    return ownTimes;
  }

  /** Processor time of children that were waited for, theirs included. */
  public CpuTimes childrenTimes() {
    return childrenTimes;
  }

  /** Whether the process lets itself be traced and dumped ({@code PR_SET_DUMPABLE}). */
  public boolean isDumpable() {
    return dumpable;
  }

  /** Sets {@link #isDumpable}. */
  public void setDumpable(boolean value) {
    dumpable = value;
  }

  /** The signal the process wants when its parent ends, or 0. */
  public int parentDeathSignal() {
    return parentDeathSignal;
  }

  /** Sets {@link #parentDeathSignal}. */
  public void setParentDeathSignal(int signal) {
    parentDeathSignal = signal;
  }

  /** Whether the process has asked to keep its capabilities when it changes its user. */
  public boolean keepsCapabilities() {
    return keepsCapabilities;
  }

  /** Sets {@link #keepsCapabilities}. */
  public void setKeepsCapabilities(boolean keeps) {
    keepsCapabilities = keeps;
  }

  /** The tasks alive, the first one first. */
  public List<Task> tasks() {
    synchronized (tasks) {
      return List.copyOf(tasks);
    }
  }

  void add(Task task) {
    synchronized (tasks) {
      tasks.add(task);
    }
  }

  /** Removes a task; returns whether it was the last one. */
  boolean remove(Task task) {
    synchronized (tasks) {
      tasks.remove(task);
      tasks.notifyAll();
      return tasks.isEmpty();
    }
  }

  /** The children, zombies included. */
  public List<Process> children() {
    synchronized (children) {
      return List.copyOf(children);
    }
  }

  void addChild(Process child) {
    synchronized (children) {
      children.add(child);
    }
  }

  void removeChild(Process child) {
    synchronized (children) {
      children.remove(child);
    }
  }

  void setParent(Process adopter) {
    parent = adopter;
  }

  /**
   * Calls back whenever a signal is sent to the process or a task of it; any thread may call it.
   */
  public void addSignalListener(Runnable listener) {
    signalListeners.add(listener);
  }

  /** Removes a listener. */
  public void removeSignalListener(Runnable listener) {
    signalListeners.remove(listener);
  }

  /** Tells the signal listeners. */
  public void announceSignal() {
    signalListeners.forEach(Runnable::run);
  }

  /** Sends a signal from outside the cVM, such as Ctrl-C. Any thread may call this. */
  public void signal(int signal) {
    SignalDelivery.send(this, SignalInfo.fromKernel(signal));
  }

  /** Whether the process is ending or has ended. */
  public boolean isOver() {
    return exiting != null;
  }

  /** Where the end is announced. */
  WaitQueue endQueue() {
    return endQueue;
  }

  /** How the process ended, or null while a task is left. */
  public ExitStatus ended() {
    return ended;
  }

  /** Ends all tasks; the first status counts. Does not wait. Any thread may call this. */
  public void exitGroup(ExitStatus status) {
    synchronized (this) {
      if (exiting != null) {
        return;
      }
      exiting = status;
      stopSignal = 0;
      notifyAll();
    }
    tasks().forEach(Task::interrupt);
  }

  /** The last task ended: what it did by itself is the status, if nobody ended the group. */
  void end(ExitStatus lastTask) {
    synchronized (this) {
      if (exiting == null) {
        exiting = lastTask;
      }
      ended = exiting;
      notifyAll();
    }
    endQueue.announce(PollEvents.READABLE);
  }

  /** Waits, on a thread of the host, until the process has ended. */
  public ExitStatus awaitEnd() throws InterruptedException {
    synchronized (this) {
      while (ended == null) {
        wait();
      }
      return ended;
    }
  }

  /**
   * Waits, on a thread of the host, until the process has ended or so much time has passed.
   *
   * @return empty if it has not ended
   */
  public Optional<ExitStatus> awaitEnd(Duration longest) throws InterruptedException {
    long deadline = System.nanoTime() + longest.toNanos();
    synchronized (this) {
      while (ended == null) {
        long leftNanos = deadline - System.nanoTime();
        if (leftNanos <= 0) {
          return Optional.empty();
        }
        TimeUnit.NANOSECONDS.timedWait(this, leftNanos);
      }
      return Optional.of(ended);
    }
  }

  /** The signal that stopped the process, or 0 while it runs. */
  public int stopSignal() {
    return stopSignal;
  }

  /** Stops all tasks, as job control does. */
  public void stop(int signal) {
    synchronized (this) {
      if (exiting != null) {
        return;
      }
      stopSignal = signal;
      unreportedStop = signal;
      unreportedContinue = false;
    }
    tasks().forEach(Task::interrupt);
    notifyParent(Signal.CLD_STOPPED, signal);
  }

  /** Lets a stopped process go on. */
  public void resume() {
    synchronized (this) {
      if (stopSignal == 0) {
        return;
      }
      stopSignal = 0;
      unreportedStop = 0;
      unreportedContinue = true;
      notifyAll();
    }
    notifyParent(Signal.CLD_CONTINUED, Signal.SIGCONT);
  }

  /** Keeps a task of a stopped process here until the process goes on or ends. */
  public void awaitResumption(Task task) {
    if (stopSignal == 0) {
      return;
    }
    synchronized (this) {
      while (stopSignal != 0 && exiting == null && !task.isOver()) {
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  private void notifyParent(int code, int status) {
    Process current = parent;
    if (current != null) {
      ChildEvents.announce(current, this, code, status);
    }
  }

  /** A fault or a fatal signal ends the process: says so where the configuration wants it. */
  public void reportDeath(Task task, SignalInfo info) {
    if (exiting == null) {
      libraryOs.reportDeath(task, info);
    }
  }

  /** A task met a bug of CapVM's own: says so, and ends the process. */
  void abort(Task task, Throwable failure) {
    libraryOs.reportFailure(task, failure);
    exitGroup(ExitStatus.killed(Signal.SIGKILL, false));
  }

  /** There is no memory for a task to go on with: says so, and ends the process. */
  void outOfMemory(Task task, CodeCacheFullException full) {
    libraryOs.reportKill(task, full.getMessage());
    exitGroup(ExitStatus.killed(Signal.SIGKILL, false));
  }

  /** Whether the exit status claims a core file: never, none is written. */
  public boolean dumpsCore() {
    return false;
  }
}
