package org.capvm.libos.file;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.lock.FileLocks;
import org.capvm.libos.file.watch.DirectoryNotice;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Process;

/**
 * The open files of a process by number ({@code CLONE_FILES} shares one table). A new descriptor is
 * always the lowest that is free.
 *
 * <p>The table and an allowance for each open file are charged to the cVM's memory.
 *
 * <p>Threads: any. {@link #get} takes no lock; changes hold this object's monitor. Closing a
 * descriptor releases its description outside the monitor, because that may wait for the host.
 */
public final class FileDescriptorTable {
  private static final int FIRST_CAPACITY = 64;

  /** What an entry of the table is charged with above the first ones. */
  private static final int ENTRY_BYTES = 8;

  /** What an open file is charged with, for each descriptor of it. */
  private static final int FILE_BYTES = 512;

  private final MemoryLimit payer;

  private final BitSet closeOnExec = new BitSet();
  private volatile AtomicReferenceArray<FileDescription> files =
      new AtomicReferenceArray<>(FIRST_CAPACITY);
  private int lowestFree;
  private int users = 1;
  private volatile boolean ownsLocks;
  private volatile Map<FileDescription, DirectoryNotice> notices = Map.of();

  /**
   * An empty table with one user.
   *
   * @param payer the cVM's memory
   */
  public FileDescriptorTable(MemoryLimit payer) {
    this.payer = payer;
  }

  /**
   * The open file of a descriptor, with a reference for the caller, which must {@link
   * FileDescription#release} it.
   *
   * @throws ErrnoException EBADF if there is none, or it was opened with {@code O_PATH}
   */
  public FileDescription get(int descriptor) {
    FileDescription file = getAny(descriptor);
    if (file instanceof PathDescription) {
      file.release();
      throw ErrnoException.of(Errno.EBADF);
    }
    return file;
  }

  /** Like {@link #get}, {@code O_PATH} descriptors included. */
  @SuppressWarnings("ReferenceEquality") // whether it is still the same object is the question
  public FileDescription getAny(int descriptor) {
    while (true) {
      FileDescription file = peek(descriptor);
      if (file == null) {
        throw ErrnoException.of(Errno.EBADF);
      }
      if (file.tryRetain()) {
        if (peek(descriptor) == file) {
          return file;
        }
        file.release();
      }
    }
  }

  private FileDescription peek(int descriptor) {
    AtomicReferenceArray<FileDescription> current = files;
    return descriptor >= 0 && descriptor < current.length() ? current.get(descriptor) : null;
  }

  /**
   * Gives an open file the lowest free descriptor. The caller's reference passes to the table; if
   * there is no descriptor left the description is released.
   *
   * @param minimum the lowest number wanted
   * @param limit one more than the highest allowed: the process's RLIMIT_NOFILE
   * @throws ErrnoException EMFILE, ENOMEM
   */
  public int install(FileDescription file, boolean onExecClose, int minimum, long limit) {
    int refusal = Errno.EMFILE;
    synchronized (this) {
      int descriptor = Math.max(lowestFree, minimum);
      while (peek(descriptor) != null) {
        descriptor++;
      }
      if (descriptor < limit && !put(descriptor, file, onExecClose)) {
        refusal = Errno.ENOMEM;
      } else if (descriptor < limit) {
        if (minimum <= lowestFree) {
          lowestFree = descriptor + 1;
        }
        return descriptor;
      }
    }
    file.release();
    throw ErrnoException.of(refusal);
  }

  /**
   * Puts an open file at a certain descriptor; what was there is closed. The caller's reference
   * passes on, or is released in case of an error.
   *
   * @throws ErrnoException ENOMEM
   */
  public void replace(int descriptor, FileDescription file, boolean onExecClose) {
    FileDescription old;
    boolean done;
    synchronized (this) {
      old = peek(descriptor);
      done = put(descriptor, file, onExecClose);
    }
    if (!done) {
      file.release();
      throw ErrnoException.of(Errno.ENOMEM);
    }
    if (old != null) {
      closeTaken(old);
    }
  }

  /** Returns false, and changes nothing, if there is no memory for it. */
  private boolean put(int descriptor, FileDescription file, boolean onExecClose) {
    AtomicReferenceArray<FileDescription> current = files;
    int fits = current.length();
    int capacity = descriptor < fits ? fits : Math.max(descriptor + 1, fits * 2);
    int fileBytes = peek(descriptor) == null ? FILE_BYTES : 0;
    if (!payer.tryTake((long) (capacity - fits) * ENTRY_BYTES + fileBytes, 0)) {
      return false;
    }
    if (capacity > fits) {
      AtomicReferenceArray<FileDescription> grown = new AtomicReferenceArray<>(capacity);
      for (int i = 0; i < current.length(); i++) {
        grown.set(i, current.get(i));
      }
      files = grown;
      current = grown;
    }
    current.set(descriptor, file);
    closeOnExec.set(descriptor, onExecClose);
    return true;
  }

  /**
   * Takes an open file out of the table; the reference passes to the caller.
   *
   * @return null if there is none
   */
  public FileDescription remove(int descriptor) {
    synchronized (this) {
      FileDescription file = peek(descriptor);
      if (file != null) {
        files.set(descriptor, null);
        payer.give(FILE_BYTES, 0);
        closeOnExec.clear(descriptor);
        lowestFree = Math.min(lowestFree, descriptor);
      }
      return file;
    }
  }

  /**
   * Closes a descriptor, and with it the record locks this table holds on the file.
   *
   * @return false if there is none
   */
  public boolean close(int descriptor) {
    FileDescription file = remove(descriptor);
    if (file == null) {
      return false;
    }
    closeTaken(file);
    return true;
  }

  private void closeTaken(FileDescription file) {
    endNotice(file);
    if (ownsLocks && file.location() != null) {
      FileLocks.releaseFile(this, file.status());
    }
    file.release();
  }

  /** Whether exec closes a descriptor; EBADF if there is none. */
  public synchronized boolean isCloseOnExec(int descriptor) {
    requireOpen(descriptor);
    return closeOnExec.get(descriptor);
  }

  /** Sets whether exec closes a descriptor. */
  public synchronized void setCloseOnExec(int descriptor, boolean value) {
    requireOpen(descriptor);
    closeOnExec.set(descriptor, value);
  }

  private void requireOpen(int descriptor) {
    if (peek(descriptor) == null) {
      throw ErrnoException.of(Errno.EBADF);
    }
  }

  /** The descriptors in use, ascending. */
  public synchronized List<Integer> descriptors() {
    List<Integer> open = new ArrayList<>();
    AtomicReferenceArray<FileDescription> current = files;
    for (int i = 0; i < current.length(); i++) {
      if (current.get(i) != null) {
        open.add(i);
      }
    }
    return open;
  }

  /** Closes what exec must close. */
  public void closeOnExec() {
    for (int descriptor : descriptors()) {
      if (isMarked(descriptor)) {
        close(descriptor);
      }
    }
  }

  private synchronized boolean isMarked(int descriptor) {
    return closeOnExec.get(descriptor);
  }

  /**
   * A copy for a child process: the same open files under the same numbers.
   *
   * @throws ErrnoException ENOMEM
   */
  public synchronized FileDescriptorTable copy() {
    FileDescriptorTable copy = new FileDescriptorTable(payer);
    for (int descriptor : descriptors()) {
      FileDescription file = peek(descriptor);
      file.retain();
      if (!copy.put(descriptor, file, closeOnExec.get(descriptor))) {
        file.release();
        copy.leave();
        throw ErrnoException.of(Errno.ENOMEM);
      }
    }
    copy.lowestFree = lowestFree;
    return copy;
  }

  /** One more process uses this table. */
  public synchronized FileDescriptorTable share() {
    users++;
    return this;
  }

  /** Whether more than one process uses this table. */
  public synchronized boolean isShared() {
    return users > 1;
  }

  /** A process is done with the table; the last one closes everything in it. */
  public void leave() {
    synchronized (this) {
      if (--users > 0) {
        return;
      }
    }
    if (ownsLocks) {
      FileLocks.releaseOwner(this);
    }
    notices.values().forEach(DirectoryNotice::end);
    for (int descriptor : descriptors()) {
      FileDescription file = remove(descriptor);
      if (file != null) {
        file.release();
      }
    }
    payer.give((long) (files.length() - FIRST_CAPACITY) * ENTRY_BYTES, 0);
  }

  /**
   * Has the owner of an open directory told what happens in it, until a descriptor for it is closed
   * in this table.
   *
   * @param descriptor the one that the call named
   * @param events {@code DN_} flags; they add to what is wanted already
   * @throws ErrnoException ENOSPC
   */
  public synchronized void notifyOf(
      FileDescription directory, int descriptor, int events, Process asker) {
    DirectoryNotice notice = notices.get(directory);
    if (notices.isEmpty()) {
      notices = new ConcurrentHashMap<>();
    }
    if (notice == null || notice.isOver()) {
      notice = DirectoryNotice.of(directory, asker);
      notices.put(directory, notice);
    }
    notice.extend(descriptor, events);
  }

  /** Ends {@link #notifyOf}. */
  public void endNotice(FileDescription directory) {
    if (notices.isEmpty()) {
      return;
    }
    DirectoryNotice notice = notices.remove(directory);
    if (notice != null) {
      notice.end();
    }
  }

  /** From now on {@link #leave} looks for record locks of this table. */
  public void markLockOwner() {
    ownsLocks = true;
  }
}
