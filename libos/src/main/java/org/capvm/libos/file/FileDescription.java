package org.capvm.libos.file;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.lock.FileLocks;
import org.capvm.libos.file.watch.WatchEvents;
import org.capvm.libos.memory.MappedFile;
import org.capvm.libos.process.Task;

/**
 * An open file, Linux's open file description: shared by every descriptor that {@code dup} or
 * {@code fork} made of one {@code open}, with its offset and status flags.
 *
 * <p>Reference-counted: each descriptor holds one reference, each call in progress another, so what
 * is behind a description is released exactly once, after its last use. Threads: any; reads and
 * writes that move a shared offset are atomic to each other.
 */
public abstract class FileDescription {
  private static final VarHandle REFERENCES;

  static {
    try {
      REFERENCES =
          MethodHandles.lookup().findVarHandle(FileDescription.class, "references", int.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  /** The flags that {@code F_SETFL} changes. */
  public static final int SETTABLE_FLAGS =
      OpenFlags.O_APPEND
          | OpenFlags.O_NONBLOCK
          | OpenFlags.O_ASYNC
          | OpenFlags.O_DIRECT
          | OpenFlags.O_NOATIME;

  private static final int FORGOTTEN_FLAGS =
      OpenFlags.O_CREAT
          | OpenFlags.O_EXCL
          | OpenFlags.O_NOCTTY
          | OpenFlags.O_TRUNC
          | OpenFlags.O_CLOEXEC;

  @SuppressWarnings("unused") // through REFERENCES
  private volatile int references = 1;

  private final Location location;
  private volatile int flags;
  private volatile int owner;
  private volatile int ownerSignal;
  private volatile boolean ownsLocks;
  private List<Runnable> closeActions;

  /**
   * One reference, for the caller.
   *
   * @param location the place it was opened at, or null if it has none
   * @param flags the open flags
   */
  protected FileDescription(Location location, int flags) {
    this.location = location;
    this.flags = flags & ~FORGOTTEN_FLAGS;
  }

  // ---- life

  /** Takes one more reference; the caller holds one. */
  public final void retain() {
    REFERENCES.getAndAdd(this, 1);
  }

  /** Takes one more reference unless the last one is gone. */
  final boolean tryRetain() {
    while (true) {
      int count = (int) REFERENCES.getVolatile(this);
      if (count == 0) {
        return false;
      }
      if (REFERENCES.compareAndSet(this, count, count + 1)) {
        return true;
      }
    }
  }

  /** Gives a reference back; the last one releases what is behind. */
  public final void release() {
    if ((int) REFERENCES.getAndAdd(this, -1) == 1) {
      if (ownsLocks) {
        FileLocks.releaseOwner(this);
      }
      takeCloseActions().forEach(Runnable::run);
      if (!has(OpenFlags.O_PATH)) {
        happened(isWritable() ? WatchEvents.IN_CLOSE_WRITE : WatchEvents.IN_CLOSE_NOWRITE);
      }
      close();
    }
  }

  /** Tells who watches the file of an event. */
  public final void happened(int event) {
    // Without a mount it is the library OS that reads a file, for a copy.
    if (location != null && location.mount() != null) {
      location.mount().watches().happened(location, event);
    }
  }

  /**
   * Tells who watches the file that bytes were read or written.
   *
   * @param count how many, or an error
   * @return the count
   */
  public final long moved(int event, long count) {
    if (count > 0) {
      happened(event);
    }
    return count;
  }

  /** Whether any reference is left. */
  public final boolean stillOpen() {
    return (int) REFERENCES.getVolatile(this) > 0;
  }

  /**
   * Has something done when the last reference is given back, before what is behind is released.
   */
  public final synchronized void onClose(Runnable action) {
    if (closeActions == null) {
      closeActions = new ArrayList<>(1);
    }
    closeActions.add(action);
  }

  /** Takes back an {@link #onClose}. */
  public final synchronized void cancelOnClose(Runnable action) {
    if (closeActions != null) {
      closeActions.remove(action);
    }
  }

  private List<Runnable> takeCloseActions() {
    synchronized (this) {
      return closeActions == null ? List.of() : List.copyOf(closeActions);
    }
  }

  /** Releases what is behind. Called once. */
  protected abstract void close();

  // ---- what it is

  /** The place it was opened at, or null for pipes, sockets and the like. */
  public final Location location() {
    return location;
  }

  /** What {@code readlink} of {@code /proc/self/fd/N} says. */
  public String describe(Location root) {
    return location == null ? "anon_inode:[unknown]" : location.path(root);
  }

  /** Access mode and status flags, as {@code F_GETFL} returns them. */
  public final int flags() {
    return flags;
  }

  /** Replaces the flags that {@link #SETTABLE_FLAGS} names. */
  public void changeFlags(int newFlags) {
    synchronized (this) {
      flags = (flags & ~SETTABLE_FLAGS) | (newFlags & SETTABLE_FLAGS);
    }
  }

  /** Whether a flag is set. */
  public final boolean has(int flag) {
    return (flags & flag) == flag;
  }

  /** Whether it was opened for reading. */
  public final boolean isReadable() {
    int mode = flags & (OpenFlags.O_ACCMODE | OpenFlags.O_PATH);
    return mode == OpenFlags.O_RDONLY || mode == OpenFlags.O_RDWR;
  }

  /** Whether it was opened for writing. */
  public final boolean isWritable() {
    int mode = flags & (OpenFlags.O_ACCMODE | OpenFlags.O_PATH);
    return mode == OpenFlags.O_WRONLY || mode == OpenFlags.O_RDWR;
  }

  /**
   * Whether this kind of file can be read at all; EINVAL for the others, before the buffer is
   * looked at.
   */
  public boolean canRead() {
    return true;
  }

  /** Whether this kind of file can be written at all. */
  public boolean canWrite() {
    return true;
  }

  /** Whether {@link #readAt} and {@link #writeAt} are there; ESPIPE before all else if not. */
  public boolean isPositional() {
    return false;
  }

  /** Whether calls must not wait. */
  public final boolean isNonBlocking() {
    return (flags & OpenFlags.O_NONBLOCK) != 0;
  }

  /** The process (positive) or process group (negative) that {@code F_SETOWN} named, or 0. */
  public final int owner() {
    return owner;
  }

  /** Sets the {@link #owner()}. */
  public final void changeOwner(int newOwner) {
    owner = newOwner;
  }

  /** What {@code F_SETSIG} chose to be sent to the owner, or 0 for SIGIO. */
  public final int ownerSignal() {
    return ownerSignal;
  }

  /** Sets the {@link #ownerSignal()}. */
  public final void changeOwnerSignal(int signal) {
    ownerSignal = signal;
  }

  /** Notes that locks belong to this open file and end with it. */
  public final void markLockOwner() {
    ownsLocks = true;
  }

  /**
   * Sets the permission bits of an open file that has no name, as {@code fchmod} does with pipes
   * and sockets.
   *
   * @return false if the file has none of its own
   */
  public boolean changeMode(int permissions) {
    return false;
  }

  /** What {@code fstat} says. */
  public FileStatus status() {
    return location.inode().status();
  }

  // ---- reading and writing; the caller has checked the access mode

  /** Reads at the file's offset, or what comes next. Returns the count, 0 at the end. */
  public abstract long read(Task task, IoBuffer buffer);

  /** Writes at the file's offset. Returns the count. */
  public abstract long write(Task task, IoBuffer buffer);

  /** Reads at a position, the offset staying as it is. */
  public long readAt(Task task, IoBuffer buffer, long position) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  /** Writes at a position, the offset staying as it is. */
  public long writeAt(Task task, IoBuffer buffer, long position) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  /** Moves the offset and returns it. */
  public long seek(Task task, long offset, int whence) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  // ---- other calls

  /** Sets the length. */
  public void truncate(long size) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** {@code fallocate}. */
  public long allocate(int mode, long offset, long lengthBytes) {
    throw ErrnoException.of(Errno.ENODEV);
  }

  /** {@code fsync}, or {@code fdatasync} if only data matters. */
  public void sync(boolean dataOnly) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** Adds {@code F_SEAL_} seals; only files of {@code memfd_create} have them. */
  public void addSeals(int seals) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** The seals. */
  public int seals() {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** {@code ioctl}; the argument is often a guest address. */
  public long control(Task task, int request, long argument) {
    throw ErrnoException.of(Errno.ENOTTY);
  }

  /** The poll events that are there now; nothing is waited for. */
  public int readiness() {
    return PollEvents.ALWAYS_READY;
  }

  /**
   * Where a change of {@link #readiness} is announced, or null if it never changes or if {@link
   * #hostDescriptor} is to be polled instead.
   */
  public WaitQueue waitQueue() {
    return null;
  }

  /** Whether readiness is that of {@link #hostDescriptor}, which may block. */
  public boolean isHostPolled() {
    return false;
  }

  /** The host descriptor that carries the data, or -1. Valid while a reference is held. */
  public int hostDescriptor() {
    return -1;
  }

  /**
   * A host descriptor that never blocks and takes, unchanged, what is written to this, so that the
   * host may copy to it; or -1. Valid while a reference is held.
   */
  public int hostSink() {
    return -1;
  }

  /**
   * This as what {@code mmap} maps, or ENODEV. The caller of {@code mmap} has checked the access
   * mode.
   */
  public MappedFile mappedFile() {
    throw ErrnoException.of(Errno.ENODEV);
  }
}
