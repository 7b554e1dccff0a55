package org.capvm.libos.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;

/**
 * One guest thread. Runs on a platform thread of its own; methods are for that thread unless they
 * say that any thread may call them.
 */
public final class Task {
  /** A deadline that never comes. */
  public static final long NEVER = Long.MAX_VALUE;

  private static final int EFD_NONBLOCK_CLOEXEC = 04000 | 02000000;
  private static final short POLLIN = 1;

  private final Process process;
  private final int id;
  private final Thread thread;
  private final FileDescriptorTable files;
  private final FileSystemContext fileSystem;

  private volatile boolean inHostPoll;
  private int wakeDescriptor = -1;

  Task(
      Process process,
      int id,
      Thread thread,
      FileDescriptorTable files,
      FileSystemContext fileSystem) {
    this.process = process;
    this.id = id;
    this.thread = thread;
    this.files = files;
    this.fileSystem = fileSystem;
  }

  /** The thread id. */
  public int id() {
    return id;
  }

  /** The process the task belongs to. */
  public Process process() {
    return process;
  }

  /** The library OS. */
  public LibraryOs libraryOs() {
    return process.libraryOs();
  }

  /** The open files. */
  public FileDescriptorTable files() {
    return files;
  }

  /** Root, working directory and umask. */
  public FileSystemContext fileSystem() {
    return fileSystem;
  }

  /** The identity in force. */
  public Credentials credentials() {
    return process.credentials();
  }

  /** The resource limits in force. */
  public ResourceLimits limits() {
    return process.limits();
  }

  /** Whether a signal waits to be handled or the task must end: a blocking call must return. */
  public boolean isInterrupted() {
    return false;
  }

  /**
   * Ends the task's current or next wait early, without a reason the wait itself knows: the waiter
   * looks at its condition and at {@link #isInterrupted} again. Any thread may call this.
   */
  public void wake() {
    LockSupport.unpark(thread);
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
    if (deadlineNanos == NEVER) {
      LockSupport.park(this);
    } else {
      long left = deadlineNanos - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      LockSupport.parkNanos(this, left);
    }
    if (isInterrupted()) {
      throw ErrnoException.of(Errno.ERESTARTSYS);
    }
    return true;
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
    if (wakeDescriptor < 0) {
      wakeDescriptor = (int) ErrnoException.check(Hostcalls.eventfd(0, EFD_NONBLOCK_CLOEXEC));
    }
    long last = count * 8L;
    pollFds.set(JAVA_INT, last, wakeDescriptor);
    pollFds.set(JAVA_INT, last + 4, POLLIN);
    long timeout = 0;
    if (deadlineNanos != NEVER) {
      long left = Math.max(0, deadlineNanos - System.nanoTime());
      pollFds.set(JAVA_LONG, last + 8, left / 1_000_000_000);
      pollFds.set(JAVA_LONG, last + 16, left % 1_000_000_000);
      timeout = pollFds.address() + last + 8;
    }
    inHostPoll = true;
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
