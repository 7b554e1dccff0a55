package org.capvm.libos.file.pipe;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * The buffer of a pipe or FIFO, with Linux's rules: a write of up to PIPE_BUF bytes goes in whole
 * or waits; a read takes what is there; no writer left is the end, no reader left is EPIPE.
 *
 * <p>Threads: any. Everything is guarded by this object's monitor; the wait queues are announced
 * while it is held, waits happen without it.
 */
public final class Pipe {
  /** Writes up to this many bytes are atomic. */
  public static final int PIPE_BUF = 4096;

  /** The capacity of a new pipe. */
  public static final int DEFAULT_CAPACITY = 65536;

  /** The largest capacity a guest may ask for. */
  public static final int MAX_CAPACITY = 1 << 20;

  private static final byte[] NOTHING = {};

  private final WaitQueue readable = new WaitQueue();
  private final WaitQueue writable = new WaitQueue();
  private final MemoryLimit payer;
  private byte[] ring = NOTHING;
  private int capacity = DEFAULT_CAPACITY;
  private int start;
  private int count;
  private int readers;
  private int writers;
  private long readersEver;
  private long writersEver;

  /**
   * An empty pipe.
   *
   * @param payer is charged with the room for what waits in it
   */
  Pipe(MemoryLimit payer) {
    this.payer = payer;
  }

  // ---- ends

  synchronized void addReader() {
    readers++;
    readersEver++;
    writable.announce(PollEvents.WRITABLE);
  }

  synchronized void addWriter() {
    writers++;
    writersEver++;
    readable.announce(PollEvents.READABLE);
  }

  synchronized void removeReader() {
    if (--readers == 0) {
      writable.announce(PollEvents.WRITABLE | PollEvents.POLLERR);
      readable.announce(PollEvents.POLLERR);
    }
    dropIfUnused();
  }

  synchronized void removeWriter() {
    if (--writers == 0) {
      readable.announce(PollEvents.READABLE | PollEvents.POLLHUP);
    }
    dropIfUnused();
  }

  private void dropIfUnused() {
    if (readers == 0 && writers == 0) {
      count = 0;
      start = 0;
      payer.give(ring.length, 0);
      ring = NOTHING;
    }
  }

  synchronized boolean hasReaders() {
    return readers > 0;
  }

  synchronized boolean hasWriters() {
    return writers > 0;
  }

  synchronized long readersEver() {
    return readersEver;
  }

  synchronized long writersEver() {
    return writersEver;
  }

  WaitQueue readable() {
    return readable;
  }

  WaitQueue writable() {
    return writable;
  }

  // ---- data

  /**
   * Reads what is there, waiting for the first byte.
   *
   * @return 0 at the end
   */
  public long read(Task task, IoBuffer buffer, boolean nonBlocking) {
    if (buffer.length() == 0) {
      return 0;
    }
    while (true) {
      synchronized (this) {
        if (count > 0) {
          return take(buffer, false);
        }
        if (writers == 0) {
          return 0;
        }
      }
      if (nonBlocking) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      readable.await(task, this::isReadReady, Task.NEVER);
    }
  }

  private synchronized boolean isReadReady() {
    return count > 0 || writers == 0;
  }

  /**
   * Waits until there is something to read.
   *
   * @return false at the end of the data
   * @throws ErrnoException EAGAIN if it would have to wait and must not
   */
  public boolean awaitData(Task task, boolean wait) {
    if (!isReadReady()) {
      if (!wait) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      readable.await(task, this::isReadReady, Task.NEVER);
    }
    return available() > 0;
  }

  /**
   * Waits until there is room to write.
   *
   * @return how many bytes fit
   * @throws ErrnoException EAGAIN if it would have to wait and must not; EPIPE if nobody reads any
   *     more
   */
  public int awaitRoom(Task task, boolean wait) {
    if (!isWriteReady(1)) {
      if (!wait) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      writable.await(task, () -> isWriteReady(1), Task.NEVER);
    }
    synchronized (this) {
      if (readers == 0) {
        return (int) broken(task, 0);
      }
      return capacity - count;
    }
  }

  /** Copies bytes out and leaves them; returns how many. */
  public long peek(IoBuffer buffer) {
    return take(buffer, true);
  }

  /** Drops bytes that were peeked at. */
  public synchronized void discard(int bytes) {
    skip(Math.min(bytes, count));
  }

  /** Copies bytes out without waiting; with {@code peek} they stay. */
  private synchronized long take(IoBuffer buffer, boolean peek) {
    int wanted = (int) Math.min(buffer.length(), count);
    int first = Math.min(wanted, ring.length - start);
    buffer.put(0, ring, start, first);
    if (first < wanted) {
      buffer.put(first, ring, 0, wanted - first);
    }
    if (!peek) {
      skip(wanted);
    }
    return wanted;
  }

  private void skip(int bytes) {
    boolean wasFull = !hasRoomFor(PIPE_BUF);
    count -= bytes;
    start = count == 0 ? 0 : (start + bytes) % ring.length;
    if (wasFull && hasRoomFor(PIPE_BUF)) {
      writable.announce(PollEvents.WRITABLE);
    }
  }

  /**
   * Writes everything, waiting for room; a short count only when interrupted, or when it must not
   * wait.
   *
   * @throws ErrnoException EPIPE, with SIGPIPE sent, if nobody can read it any more
   */
  public long write(Task task, IoBuffer buffer, boolean nonBlocking) {
    long total = buffer.length();
    long done = 0;
    while (done < total || total == 0) {
      long left = total - done;
      synchronized (this) {
        if (readers == 0) {
          return broken(task, done);
        }
        if (total == 0) {
          return 0;
        }
        int room = capacity - count;
        if (room >= left || (total > PIPE_BUF && room > 0)) {
          int bytes = (int) Math.min(left, room);
          if (reserve(count + bytes)) {
            int added = appendWhatIsThere(buffer, done, bytes);
            if (added == 0) {
              return done;
            }
            done += added;
            continue;
          }
          if (done > 0) {
            return done;
          }
          throw ErrnoException.of(Errno.ENOMEM);
        }
      }
      if (nonBlocking) {
        if (done == 0) {
          throw ErrnoException.of(Errno.EAGAIN);
        }
        return done;
      }
      int needed = total > PIPE_BUF ? 1 : (int) left;
      try {
        writable.await(task, () -> isWriteReady(needed), Task.NEVER);
      } catch (ErrnoException interrupted) {
        if (done == 0) {
          throw interrupted;
        }
        return done;
      }
    }
    return done;
  }

  private static long broken(Task task, long done) {
    if (done > 0) {
      return done;
    }
    if (task != null) {
      task.process().signal(Signal.SIGPIPE);
    }
    throw ErrnoException.of(Errno.EPIPE);
  }

  private synchronized boolean isWriteReady(int needed) {
    return readers == 0 || hasRoomFor(needed);
  }

  private boolean hasRoomFor(int bytes) {
    return capacity - count >= bytes;
  }

  /**
   * Appends bytes, or a page of them where the rest cannot be read: what Linux copied before a
   * fault counts.
   */
  private int appendWhatIsThere(IoBuffer buffer, long done, int bytes) {
    try {
      append(buffer, done, bytes);
      return bytes;
    } catch (GuestMemoryFault fault) {
      if (bytes > PIPE_BUF) {
        return appendWhatIsThere(buffer, done, PIPE_BUF);
      }
      if (done == 0) {
        throw fault;
      }
      return 0;
    }
  }

  private void append(IoBuffer buffer, long position, int bytes) {
    int end = (start + count) % ring.length;
    int first = Math.min(bytes, ring.length - end);
    buffer.get(position, ring, end, first);
    if (first < bytes) {
      buffer.get(position + first, ring, 0, bytes - first);
    }
    count += bytes;
    readable.announce(PollEvents.READABLE);
  }

  /**
   * The ring grows to the capacity as it is needed: most pipes carry little.
   *
   * @return false, and no change, if the payer has no memory left
   */
  private boolean reserve(int bytes) {
    if (bytes <= ring.length) {
      return true;
    }
    int length = Math.min(capacity, Math.max(Integer.highestOneBit(bytes - 1) << 1, PIPE_BUF));
    if (!payer.tryTake(Math.max(length, bytes) - ring.length, 0)) {
      return false;
    }
    relocate(Math.max(length, bytes));
    return true;
  }

  private void relocate(int length) {
    byte[] moved = new byte[length];
    int first = Math.min(count, ring.length - start);
    System.arraycopy(ring, start, moved, 0, first);
    System.arraycopy(ring, 0, moved, first, count - first);
    ring = moved;
    start = 0;
  }

  // ---- state

  synchronized int readEndEvents() {
    return (count > 0 ? PollEvents.READABLE : 0)
        | (writers == 0 && writersEver > 0 ? PollEvents.POLLHUP : 0);
  }

  synchronized int writeEndEvents() {
    return (hasRoomFor(Math.min(PIPE_BUF, capacity)) ? PollEvents.WRITABLE : 0)
        | (readers == 0 ? PollEvents.POLLERR : 0);
  }

  /** Bytes waiting to be read. */
  public synchronized int available() {
    return count;
  }

  /** The capacity in bytes. */
  public synchronized int capacity() {
    return capacity;
  }

  /**
   * Changes the capacity, rounded up to a power of two of at least a page.
   *
   * @return the new capacity
   * @throws ErrnoException EBUSY if more is waiting than would fit, EPERM above {@link
   *     #MAX_CAPACITY}
   */
  public synchronized int changeCapacity(long wanted) {
    if (wanted < 0 || wanted > Integer.MAX_VALUE) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (wanted > MAX_CAPACITY) {
      throw ErrnoException.of(Errno.EPERM);
    }
    int rounded = PIPE_BUF;
    while (rounded < wanted) {
      rounded *= 2;
    }
    if (rounded < count) {
      throw ErrnoException.of(Errno.EBUSY);
    }
    capacity = rounded;
    if (ring.length > capacity) {
      payer.give(ring.length - capacity, 0);
      relocate(capacity);
    }
    if (hasRoomFor(1)) {
      writable.announce(PollEvents.WRITABLE);
    }
    return rounded;
  }
}
