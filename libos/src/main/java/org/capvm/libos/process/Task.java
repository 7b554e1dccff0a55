package org.capvm.libos.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.SystemCallHandler;
import org.capvm.libos.SystemCallTable;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.host.HostEventcalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.processor.Affinity;
import org.capvm.libos.signal.SignalState;
import org.capvm.libos.trace.TraceSink;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.channel.Invocation;
import org.capvm.monitor.gate.GuestThread;
import org.capvm.monitor.memory.GuestMemory;

/**
 * One guest thread. Runs on a platform thread of its own; methods are for that thread unless they
 * say that any thread may call them.
 */
public final class Task {
  /** A deadline that never comes. */
  public static final long NEVER = Long.MAX_VALUE;

  private static final int EFD_NONBLOCK_CLOEXEC = 04000 | 02000000;
  private static final short POLLIN = 1;
  private static final double AFTER_POLL = 0.25;

  private final Process process;
  private volatile int id;
  private volatile FileDescriptorTable files;
  private final FileSystemContext fileSystem;
  private final SignalState signals;
  private final Runnable kick = this::kick;
  private final long[] callCounts = new long[SystemCallTable.COUNTERS];
  private final Spin spin = new Spin();
  private final Affinity affinity;

  private volatile Sleeper sleeper;
  private volatile int hostThreadId;

  /** What the thread had used when the task began to run on it. */
  private volatile CpuTimes timesBefore;

  private volatile GuestThread guestThread;
  private volatile Registers registers;
  private volatile AddressSpace addressSpace;
  private volatile GuestMemory memory;
  private volatile boolean inHostPoll;
  private volatile boolean hasPolledHost;
  private volatile boolean wakeRequested;
  private volatile ExitStatus exited;
  private volatile String name;
  private volatile int nice;
  private int wakeDescriptor = -1;
  private FaultDetail lastFault = FaultDetail.NONE;
  private long clearChildTid;
  private long robustList;
  private SystemCallHandler restart;
  private volatile Invocation callOut;
  private Visit visit;

  Task(
      Process process,
      int id,
      String name,
      FileDescriptorTable files,
      FileSystemContext fileSystem,
      SignalState signals) {
    this.process = process;
    this.id = id;
    this.name = name;
    this.files = files;
    this.fileSystem = fileSystem;
    this.signals = signals;
    affinity = new Affinity(process.libraryOs().processorRoom());
    enter(process.addressSpace());
  }

  /** The task whose thread will run in an address space from now on. */
  final void enter(AddressSpace space) {
    addressSpace = space;
    memory = space.memory();
  }

  /** Binds the task to the calling thread and to its way into the guest. */
  void attach(GuestThread guest) {
    sleeper = Sleeper.ofThread();
    registers = new Registers(guest.context());
    guestThread = guest;
    libraryOs().compartment().attach(guest);
    timesBefore = ThreadTimes.own();
    hostThreadId = (int) Hostcalls.gettid();
    if (visit == null) {
      // A visitor's thread keeps the processors of its caller, and counts as the caller's.
      affinity.attach(hostThreadId);
    }
    addressSpace.addThread(kick);
  }

  /** Lets the task go on in another address space. For its own thread. */
  void moveTo(AddressSpace space) {
    addressSpace.removeThread(kick);
    enter(space);
    guestThread.enterSlot(space.slot(), space.codeSpace());
    space.addThread(kick);
  }

  /** The task will not run guest code any more. */
  void detach() {
    addressSpace.removeThread(kick);
    guestThread = null;
    affinity.detach();
    hostThreadId = 0;
  }

  /** Makes the task's thread leave the guest for a moment. Any thread may call this. */
  private void kick() {
    GuestThread guest = guestThread;
    if (guest != null) {
      guest.kick();
    }
  }

  /** The thread id. */
  public int id() {
    return id;
  }

  void setId(int changed) {
    id = changed;
  }

  /** The process the task belongs to. */
  public Process process() {
    return process;
  }

  /** The library OS. */
  public LibraryOs libraryOs() {
    return process.libraryOs();
  }

  /** The guest's memory, for copies in and out. */
  public GuestMemory memory() {
    return memory;
  }

  /** The guest's memory map. */
  public AddressSpace addressSpace() {
    return addressSpace;
  }

  /** The guest's registers. */
  public Registers registers() {
    return registers;
  }

  /** The way into the guest. */
  public GuestThread guestThread() {
    return guestThread;
  }

  /** The open files. */
  public FileDescriptorTable files() {
    return files;
  }

  /** Gives the task a table of its own, if it shares one with other processes. */
  void unshareFiles() {
    FileDescriptorTable old = files;
    if (old.isShared()) {
      files = old.copy();
      old.leave();
    }
  }

  /** Root, working directory and umask. */
  public FileSystemContext fileSystem() {
    return fileSystem;
  }

  /** Mask, queue and alternate stack. */
  public SignalState signals() {
    return signals;
  }

  /** The identity in force. */
  public Credentials credentials() {
    return process.credentials();
  }

  /** The name that tools show, 15 bytes at most ({@code PR_SET_NAME}). */
  public String name() {
    return name;
  }

  /** Changes the name. */
  public void setName(String changed) {
    name = changed;
  }

  /** The nice value, -20 to 19: kept and passed on to new tasks, of no effect on the host. */
  public int nice() {
    return nice;
  }

  /** Sets {@link #nice}. Any thread may call this. */
  public void setNice(int changed) {
    nice = changed;
  }

  /** The processors the task may run on. Any thread may use this. */
  public Affinity affinity() {
    return affinity;
  }

  /** What the processor said of the last fault. */
  public FaultDetail lastFault() {
    return lastFault;
  }

  void setLastFault(FaultDetail fault) {
    lastFault = fault;
  }

  /**
   * Where a zero is stored and a futex woken when the task ends ({@code set_tid_address}), or 0.
   */
  public long clearChildTid() {
    return clearChildTid;
  }

  /** Sets {@link #clearChildTid}. */
  public void setClearChildTid(long guestAddress) {
    clearChildTid = guestAddress;
  }

  /** Head of the list of robust futexes the task holds, or 0. */
  public long robustList() {
    return robustList;
  }

  /** Sets {@link #robustList}. */
  public void setRobustList(long guestAddress) {
    robustList = guestAddress;
  }

  /**
   * How a call that gave up with ERESTART_RESTARTBLOCK goes on; {@code restart_syscall} runs it.
   */
  public SystemCallHandler restart() {
    return restart;
  }

  /** Sets {@link #restart}. */
  public void setRestart(SystemCallHandler continuation) {
    restart = continuation;
  }

  /** How often the task made each call, by number. Its own thread counts. */
  public long[] callCounts() {
    return callCounts;
  }

  /** The host's id of the task's thread, 0 before it runs. Any thread may call this. */
  public int hostThreadId() {
    return hostThreadId;
  }

  /** Processor time of the task so far, in nanoseconds. Any thread may call this. */
  public long cpuNanos() {
    int thread = hostThreadId;
    return thread == 0 ? 0 : Math.max(0, Hostcalls.threadCpuNanos(thread) - timesBefore.nanos());
  }

  /** Adds the processor time of the task so far. For its own thread. */
  void addTimesTo(CpuTimes times) {
    CpuTimes now = ThreadTimes.own();
    times.add(
        now.userNanos() - timesBefore.userNanos(), now.systemNanos() - timesBefore.systemNanos());
  }

  /** Where the trace goes, or null. */
  public TraceSink traceSink() {
    return process.libraryOs().traceSink();
  }

  /**
   * Ends this task alone, at its next chance; the first status counts. Any thread may call this.
   */
  public synchronized void exit(ExitStatus status) {
    if (exited == null) {
      exited = status;
    }
  }

  /** Whether the task must not go back to the guest. */
  public boolean isOver() {
    return exited != null || process.isOver();
  }

  /**
   * Gives an open file the lowest free descriptor; the reference passes on.
   *
   * @throws ErrnoException EMFILE; the reference is given back
   */
  public int install(FileDescription file, boolean onExecClose) {
    long soft = limits().soft(Resource.RLIMIT_NOFILE);
    return files.install(file, onExecClose, 0, soft < 0 ? Long.MAX_VALUE : soft);
  }

  /** How the task ended by itself, or null. */
  ExitStatus exited() {
    return exited;
  }

  /** The resource limits in force. */
  public ResourceLimits limits() {
    return process.limits();
  }

  /** Whether a signal waits to be handled or the task must end: a blocking call must return. */
  public boolean isInterrupted() {
    return signals.hasDeliverable() || process.stopSignal() != 0 || isOver();
  }

  /**
   * Makes the task look at what it must do, wherever it is: in the guest, waiting, or between. Any
   * thread may call this.
   */
  public void interrupt() {
    Invocation call = callOut;
    if (call != null && isOver()) {
      call.cancel(CapabilityException.Reason.OWNER_GONE);
    }
    kick();
    wake();
  }

  /** The task's thread is about to run a function of another cVM, or, with null, has done so. */
  public void setCallOut(Invocation call) {
    callOut = call;
    if (call != null && isOver()) {
      call.cancel(CapabilityException.Reason.OWNER_GONE);
    }
  }

  /** Marks the task as one that runs a single function on the thread of a caller. */
  void setVisit(Visit made) {
    visit = made;
  }

  /** The single function the task is there for, or null. */
  public Visit visit() {
    return visit;
  }

  /**
   * Ends the task's current or next wait early, without a reason the wait itself knows: the waiter
   * looks at its condition and at {@link #isInterrupted} again. Any thread may call this.
   */
  public void wake() {
    wakeRequested = true;
    if (spin.isWatching()) {
      return;
    }
    Sleeper sleeping = sleeper;
    if (sleeping != null) {
      sleeping.wake();
    }
    if (inHostPoll) {
      signalWakeDescriptor();
    }
  }

  /**
   * Waits until {@link #wake}, a deadline or for no reason at all; the caller loops around its
   * condition. For waits on things inside the library OS (pipes, futexes).
   *
   * @param deadlineNanos in terms of {@link System#nanoTime}, or {@link #NEVER}
   * @return false once the deadline has passed
   * @throws ErrnoException ERESTARTSYS if the task is interrupted
   */
  public boolean park(long deadlineNanos) {
    if (isInterrupted()) {
      throw ErrnoException.of(Errno.ERESTARTSYS);
    }
    if (deadlineNanos != NEVER && deadlineNanos - System.nanoTime() <= 0) {
      return false;
    }
    if (!spin.watch(this, deadlineNanos)) {
      sleeper.sleep(() -> wakeRequested, deadlineNanos);
    }
    // The caller looks at its condition after this, so that no wake-up is lost.
    wakeRequested = false;
    if (isInterrupted()) {
      throw ErrnoException.of(Errno.ERESTARTSYS);
    }
    return true;
  }

  /**
   * How many processors the task wants: one, if it runs, or would if it had one; else none. Whether
   * a task that waits for the host waits for a processor by now only the host knows: if it has gone
   * on since the last time this was asked, it counts as a quarter. Any one thread may call this.
   */
  double load() {
    if (visit != null) {
      return 0;
    }
    if (inHostPoll) {
      boolean wentOn = hasPolledHost;
      hasPolledHost = false;
      return wentOn ? AFTER_POLL : 0;
    }
    Sleeper sleeping = sleeper;
    return sleeping != null && sleeping.isAsleep() ? 0 : 1;
  }

  /** Whether {@link #wake} was called since the last wait ended. */
  boolean isWakeRequested() {
    return wakeRequested;
  }

  /** Waits until {@link #wake} or for no reason at all; signals do not matter. The caller loops. */
  void parkThroughSignals() {
    sleeper.sleep(() -> wakeRequested, NEVER);
    wakeRequested = false;
  }

  /**
   * Waits until a host descriptor is ready, so that the host call that follows does not block.
   *
   * @param hostDescriptor what to wait for
   * @param pollEvents {@code POLLIN}, {@code POLLOUT} ...
   * @param deadlineNanos in terms of {@link System#nanoTime}, or {@link #NEVER}
   * @return the events that are there; 0 after the deadline or {@link #wake}
   * @throws ErrnoException ERESTARTSYS if the task is interrupted
   */
  public int awaitHost(int hostDescriptor, int pollEvents, long deadlineNanos) {
    MemorySegment scratch = HostScratch.get();
    scratch.set(JAVA_INT, 0, hostDescriptor);
    scratch.set(JAVA_INT, 4, pollEvents & 0xffff);
    int ready = awaitHost(scratch, 1, deadlineNanos);
    return ready == 0 ? 0 : scratch.get(JAVA_SHORT, 6) & 0xffff;
  }

  /**
   * Waits until one of several host descriptors is ready. Like {@code ppoll}, but {@link #wake} and
   * signals to the guest end it.
   *
   * @param pollFds native memory that starts with {@code count} host {@code struct pollfd} and has
   *     room for one more of them and 16 bytes behind it; results are stored there
   * @return how many are ready; 0 after the deadline or {@link #wake}
   * @throws ErrnoException ERESTARTSYS if the task is interrupted; other errors of {@code ppoll}
   */
  public int awaitHost(MemorySegment pollFds, int count, long deadlineNanos) {
    long last = count * 8L;
    pollFds.set(JAVA_INT, last, wakeDescriptor());
    pollFds.set(JAVA_INT, last + 4, POLLIN);
    inHostPoll = true;
    // A wake between the caller's look at its condition and here must end this wait too.
    boolean wokenBefore = wakeRequested;
    wakeRequested = false;
    long timeout = 0;
    if (deadlineNanos != NEVER || wokenBefore) {
      long left = wokenBefore ? 0 : Math.max(0, deadlineNanos - System.nanoTime());
      pollFds.set(JAVA_LONG, last + 8, left / 1_000_000_000);
      pollFds.set(JAVA_LONG, last + 16, left % 1_000_000_000);
      timeout = pollFds.address() + last + 8;
    }
    try {
      if (isInterrupted()) {
        throw ErrnoException.of(Errno.ERESTARTSYS);
      }
      long ready = Hostcalls.ppoll(pollFds.address(), count + 1, timeout);
      boolean woken = ready > 0 && pollFds.get(JAVA_SHORT, last + 6) != 0;
      if (ready == -Errno.EINTR) {
        ready = 0;
      }
      ErrnoException.check(ready);
      if (woken) {
        drainWakeDescriptor(pollFds, last);
        ready--;
      }
      if (isInterrupted() && ready == 0) {
        throw ErrnoException.of(Errno.ERESTARTSYS);
      }
      return (int) ready;
    } finally {
      inHostPoll = false;
      hasPolledHost = true;
    }
  }

  /**
   * Waits for events of a host epoll instance that watches this task's {@link #wakeDescriptor}. The
   * events are at the start of the calling thread's scratch memory; the caller looks for the wake
   * descriptor among them and calls {@link #drainWakes}.
   *
   * @param room how many events there may be
   * @return how many there are; 0 after the deadline or {@link #wake}
   * @throws ErrnoException ERESTARTSYS if the task is interrupted; other errors of {@code
   *     epoll_wait}
   */
  public int awaitHostEvents(int hostEpoll, int room, long deadlineNanos) {
    if (!isInterrupted()) {
      spin.watch(this, deadlineNanos);
    }
    inHostPoll = true;
    boolean wokenBefore = wakeRequested;
    wakeRequested = false;
    try {
      if (isInterrupted()) {
        throw ErrnoException.of(Errno.ERESTARTSYS);
      }
      int timeout = wokenBefore ? 0 : millisUntil(deadlineNanos);
      long ready = HostEventcalls.epollWait(hostEpoll, room, timeout);
      return ready == -Errno.EINTR ? 0 : (int) ErrnoException.check(ready);
    } finally {
      inHostPoll = false;
      hasPolledHost = true;
    }
  }

  /** How long to wait, in {@code epoll_wait}'s terms; never shorter than the deadline demands. */
  private static int millisUntil(long deadlineNanos) {
    if (deadlineNanos == NEVER) {
      return -1;
    }
    long left = Math.max(0, deadlineNanos - System.nanoTime());
    return (int) Math.min((left + 999_999) / 1_000_000, Integer.MAX_VALUE);
  }

  /** Becomes readable when the task is woken while it waits on the host. For its own thread. */
  public int wakeDescriptor() {
    if (wakeDescriptor < 0) {
      wakeDescriptor = (int) ErrnoException.check(Hostcalls.eventfd(0, EFD_NONBLOCK_CLOEXEC));
    }
    return wakeDescriptor;
  }

  /** Makes {@link #wakeDescriptor} unreadable again. */
  public void drainWakes() {
    drainWakeDescriptor(HostScratch.get(), HostScratch.SIZE_BYTES - 16L);
  }

  /** Gives back what the task holds of the host and of the cVM's memory. */
  void close() {
    signals.pending().close();
    if (wakeDescriptor >= 0) {
      Hostcalls.close(wakeDescriptor);
      wakeDescriptor = -1;
    }
  }

  private void drainWakeDescriptor(MemorySegment memory, long offset) {
    Hostcalls.read(wakeDescriptor, memory.address() + offset + 8, 8);
  }

  private void signalWakeDescriptor() {
    MemorySegment scratch = HostScratch.get();
    long offset = HostScratch.SIZE_BYTES - 8L;
    scratch.set(JAVA_LONG, offset, 1);
    Hostcalls.write(wakeDescriptor, scratch.address() + offset, 8);
  }
}
