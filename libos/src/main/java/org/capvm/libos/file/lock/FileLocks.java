package org.capvm.libos.file.lock;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;

/**
 * Advisory locks on the files of all cVMs. File systems belong to one cVM each and their device
 * numbers are never shared, so locks of different cVMs do not meet, nor do they meet the host's.
 *
 * <p>An owner of record locks is a descriptor table (POSIX: any close of the file drops them) or an
 * open file ({@code F_OFD_}); an owner of a whole-file lock ({@code flock}) is an open file. The
 * two kinds do not conflict with each other.
 *
 * <p>Locks are charged to their cVM's memory; a file without locks is forgotten, so that nobody
 * looks through what others once locked.
 *
 * <p>Threads: any; each file's locks are guarded by its {@link LockedFile}'s monitor.
 */
public final class FileLocks {
  /** The end of a lock that reaches to the end of the file, however far that moves. */
  public static final long TO_THE_END = Long.MAX_VALUE;

  /** What a lock is charged with. */
  private static final int LOCK_BYTES = 128;

  /** As many locks a file may have: each new one is compared with all of them. */
  private static final int MAX_LOCKS_OF_A_FILE = 16_384;

  private static final Map<Key, LockedFile> FILES = new ConcurrentHashMap<>();

  private record Key(long device, long inode) {}

  /**
   * A lock held or wanted.
   *
   * @param owner compared by identity
   * @param processId what {@code F_GETLK} reports
   * @param start first byte
   * @param end last byte
   */
  public record Lock(Object owner, int processId, long start, long end, boolean exclusive) {
    private boolean overlaps(Lock other) {
      return start <= other.end && other.start <= end;
    }

    @SuppressWarnings("ReferenceEquality") // owners have identity, not value
    private boolean isOwnedBy(Object someone) {
      return owner == someone;
    }

    private boolean conflictsWith(Lock other) {
      return !isOwnedBy(other.owner) && overlaps(other) && (exclusive || other.exclusive);
    }
  }

  /** The locks of one file. */
  private static final class LockedFile {
    private final List<Lock> records = new ArrayList<>();
    private final List<Lock> wholes = new ArrayList<>();
    private final WaitQueue released = new WaitQueue();
    private final MemoryLimit payer;
    private int charged;
    private boolean forgotten;

    private LockedFile(MemoryLimit payer) {
      this.payer = payer;
    }

    /** Pays for the locks that there are now; without any, the file is forgotten. */
    private void settle(Key key) {
      int held = records.size() + wholes.size();
      payer.give((long) (charged - held) * LOCK_BYTES, 0);
      charged = held;
      if (held == 0) {
        forgotten = true;
        FILES.remove(key, this);
      }
    }

    private List<Lock> list(boolean whole) {
      return whole ? wholes : records;
    }

    private Lock conflict(Lock wanted, boolean whole) {
      for (Lock held : list(whole)) {
        if (held.conflictsWith(wanted)) {
          return held;
        }
      }
      return null;
    }
  }

  private FileLocks() {}

  /** The lock that stands in the way of a record lock, or null. */
  public static Lock obstacle(FileStatus file, Lock wanted) {
    LockedFile locked = FILES.get(new Key(file.device(), file.inode()));
    if (locked == null) {
      return null;
    }
    synchronized (locked) {
      return locked.conflict(wanted, false);
    }
  }

  /**
   * Takes a lock, replacing what the owner holds in its range.
   *
   * @param whole whether it is a {@code flock}
   * @param payer the memory of the cVM that the file belongs to
   * @throws ErrnoException EAGAIN if it would have to wait and must not; ERESTARTSYS if
   *     interrupted; ENOLCK if there is no memory for one more, or the file has too many
   */
  public static void lock(
      Task task, FileStatus file, Lock wanted, boolean whole, boolean wait, MemoryLimit payer) {
    Key key = new Key(file.device(), file.inode());
    while (true) {
      LockedFile locked = FILES.computeIfAbsent(key, absent -> new LockedFile(payer));
      synchronized (locked) {
        if (locked.forgotten) {
          continue;
        }
        if (tryLock(key, locked, wanted, whole)) {
          return;
        }
      }
      if (!wait) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      locked.released.await(task, () -> isFree(locked, wanted, whole), Task.NEVER);
    }
  }

  private static boolean isFree(LockedFile locked, Lock wanted, boolean whole) {
    synchronized (locked) {
      return locked.conflict(wanted, whole) == null;
    }
  }

  /** The caller holds the file's monitor. */
  private static boolean tryLock(Key key, LockedFile locked, Lock wanted, boolean whole) {
    if (locked.conflict(wanted, whole) != null) {
      // A flock that is to become one of the other kind is given up first: see flock(2).
      if (whole && cutOut(locked.wholes, wanted)) {
        locked.settle(key);
        locked.released.announce(0);
      }
      return false;
    }
    if (locked.charged >= MAX_LOCKS_OF_A_FILE || !locked.payer.tryTake(LOCK_BYTES, 0)) {
      locked.settle(key);
      throw ErrnoException.of(Errno.ENOLCK);
    }
    locked.charged++;
    List<Lock> locks = locked.list(whole);
    boolean freed = cutOut(locks, wanted);
    locks.add(wanted);
    locked.settle(key);
    if (freed) {
      locked.released.announce(0);
    }
    return true;
  }

  /** Gives back what an owner holds in a range. */
  public static void unlock(FileStatus file, Lock range, boolean whole) {
    Key key = new Key(file.device(), file.inode());
    LockedFile locked = FILES.get(key);
    if (locked != null) {
      synchronized (locked) {
        if (cutOut(locked.list(whole), range)) {
          locked.settle(key);
          locked.released.announce(0);
        }
      }
    }
  }

  /** Removes the owner's locks from a range, splitting those that reach beyond it. */
  private static boolean cutOut(List<Lock> locks, Lock range) {
    List<Lock> rest = new ArrayList<>();
    boolean cut = false;
    for (Iterator<Lock> each = locks.iterator(); each.hasNext(); ) {
      Lock held = each.next();
      if (!held.isOwnedBy(range.owner) || !held.overlaps(range)) {
        continue;
      }
      each.remove();
      cut = true;
      if (held.start < range.start) {
        rest.add(new Lock(held.owner, held.processId, held.start, range.start - 1, held.exclusive));
      }
      if (held.end > range.end) {
        rest.add(new Lock(held.owner, held.processId, range.end + 1, held.end, held.exclusive));
      }
    }
    locks.addAll(rest);
    return cut;
  }

  /** Drops all of an owner's locks on one file. */
  public static void releaseFile(Object owner, FileStatus file) {
    unlock(file, new Lock(owner, 0, 0, TO_THE_END, false), false);
  }

  /** Drops all of an owner's locks. */
  public static void releaseOwner(Object owner) {
    FILES.forEach(
        (key, locked) -> {
          synchronized (locked) {
            boolean any = locked.records.removeIf(lock -> lock.isOwnedBy(owner));
            any |= locked.wholes.removeIf(lock -> lock.isOwnedBy(owner));
            if (any) {
              locked.settle(key);
              locked.released.announce(0);
            }
          }
        });
  }
}
