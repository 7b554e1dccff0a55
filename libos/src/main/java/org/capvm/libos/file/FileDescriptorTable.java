package org.capvm.libos.file;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.lock.FileLocks;

/**
 * The open files of a process by number ({@code CLONE_FILES} shares one table). A new descriptor is
 * always the lowest that is free.
 *
 * <p>Threads: any. {@link #get} takes no lock; changes hold this object's monitor. Closing a
 * descriptor releases its description outside the monitor, because that may wait for the host.
 */
public final class FileDescriptorTable {
  private static final int FIRST_CAPACITY = 64;

  private final BitSet closeOnExec = new BitSet();
  private volatile AtomicReferenceArray<FileDescription> files =
      new AtomicReferenceArray<>(FIRST_CAPACITY);
  private int lowestFree;
  private int users = 1;

  /** An empty table with one user. */
  public FileDescriptorTable() {}

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
   * @throws ErrnoException EMFILE
   */
  public int install(FileDescription file, boolean onExecClose, int minimum, long limit) {
    synchronized (this) {
      int descriptor = Math.max(lowestFree, minimum);
      while (peek(descriptor) != null) {
        descriptor++;
      }
      if (descriptor < limit) {
        put(descriptor, file, onExecClose);
        if (minimum <= lowestFree) {
          lowestFree = descriptor + 1;
        }
        return descriptor;
      }
    }
    file.release();
    throw ErrnoException.of(Errno.EMFILE);
  }

  /**
   * Puts an open file at a certain descriptor; what was there is closed. The caller's reference
   * passes on.
   */
  public void replace(int descriptor, FileDescription file, boolean onExecClose) {
    FileDescription old;
    synchronized (this) {
      old = peek(descriptor);
      put(descriptor, file, onExecClose);
    }
    if (old != null) {
      closeTaken(old);
    }
  }

  private void put(int descriptor, FileDescription file, boolean onExecClose) {
    AtomicReferenceArray<FileDescription> current = files;
    if (descriptor >= current.length()) {
      int capacity = Math.max(descriptor + 1, current.length() * 2);
      AtomicReferenceArray<FileDescription> grown = new AtomicReferenceArray<>(capacity);
      for (int i = 0; i < current.length(); i++) {
        grown.set(i, current.get(i));
      }
      files = grown;
      current = grown;
    }
    current.set(descriptor, file);
    closeOnExec.set(descriptor, onExecClose);
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
    if (!FileLocks.areUnused() && file.location() != null) {
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

  /** A copy for a child process: the same open files under the same numbers. */
  public synchronized FileDescriptorTable copy() {
    FileDescriptorTable copy = new FileDescriptorTable();
    for (int descriptor : descriptors()) {
      FileDescription file = peek(descriptor);
      file.retain();
      copy.put(descriptor, file, closeOnExec.get(descriptor));
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
    if (!FileLocks.areUnused()) {
      FileLocks.releaseOwner(this);
    }
    for (int descriptor : descriptors()) {
      FileDescription file = remove(descriptor);
      if (file != null) {
        file.release();
      }
    }
  }
}
