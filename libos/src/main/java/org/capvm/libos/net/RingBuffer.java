package org.capvm.libos.net;

import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.machine.error.HostException;
import org.capvm.monitor.channel.RingMemory;

/**
 * A byte stream in a ring that no guest can reach. Each byte is copied twice: from the writer's
 * memory into the ring and from there to the reader's, and both go on at the same time. The ring
 * grows with use, up to the capacity.
 *
 * <p>What comes with bytes (AF_UNIX) sits beside the ring, in order, each with the position of its
 * first byte: a read ends where the files or the sender change, as on Linux.
 *
 * <pre>
 *      ring[position &amp; mask]
 *          .....xxxxxxxxxxxxx......
 *               ^ read       ^ written        both only grow
 * </pre>
 *
 * <p>Locks, in this order: {@code writing} (one writer at a time), {@code reading} (one reader at a
 * time), {@code marks}. The ring is replaced with the first two held.
 */
final class RingBuffer implements StreamBuffer {
  private static final int FIRST_BYTES = 1 << 12;

  /** A ring larger than this is given up when it is empty. */
  private static final int KEPT_BYTES = 1 << 20;

  /** What came with a run of bytes. */
  private static final class Mark {
    final long start;
    long end;
    final long memoryBytes;
    Ancillary ancillary;

    Mark(long start, long end, Ancillary ancillary) {
      this.memoryBytes = ancillary.memoryBytes();
      this.start = start;
      this.end = end;
      this.ancillary = ancillary;
    }
  }

  private final WaitQueue readers;
  private final WaitQueue writers;
  private final MemoryLimit payer;
  private final ReentrantLock writing = new ReentrantLock();
  private final ReentrantLock reading = new ReentrantLock();
  private final ArrayDeque<Mark> marks = new ArrayDeque<>(0);
  private RingMemory ring = RingMemory.NONE;
  private volatile boolean marked;
  private volatile long capacity;
  private volatile boolean roomWanted;
  private volatile boolean abandoned;
  private volatile boolean refusing;

  // Each has one writer at a time, under the lock of its direction, and readers without a lock.
  private volatile long read;
  private volatile long written;

  /**
   * @param readers told when there is something to read
   * @param writers told when there is room again
   * @param capacity in bytes
   * @param payer is charged with the ring
   */
  RingBuffer(WaitQueue readers, WaitQueue writers, long capacity, MemoryLimit payer) {
    this.payer = payer;
    this.readers = readers;
    this.writers = writers;
    this.capacity = capacity;
  }

  @Override
  public long write(IoBuffer source, long position, Ancillary ancillary) {
    long count;
    writing.lock();
    try {
      if (abandoned || refusing) {
        return -Errno.EPIPE;
      }
      if (position == source.length()) {
        return 0;
      }
      long room = capacity - queuedBytes();
      if (room <= 0) {
        // First this, then another look: a reader that makes room now sees it.
        roomWanted = true;
        room = capacity - queuedBytes();
      }
      if (room <= 0) {
        return -Errno.EAGAIN;
      }
      count = Math.min(room, source.length() - position);
      long besides = ancillary == null ? 0 : ancillary.memoryBytes();
      if (!payer.tryTake(besides, 0)) {
        return -Errno.ENOBUFS;
      }
      if (!reserve(queuedBytes() + count)) {
        count = Math.min(count, ring.lengthBytes() - queuedBytes());
        if (count == 0) {
          payer.give(besides, 0);
          return -Errno.ENOBUFS;
        }
      }
      copyIn(source, position, count);
      if (ancillary != null) {
        mark(ancillary, count);
      }
      long end = written + count;
      written = end;
    } finally {
      writing.unlock();
    }
    readers.announce(READABLE);
    return count;
  }

  private void copyIn(IoBuffer source, long position, long count) {
    long start = written & (ring.lengthBytes() - 1);
    long first = Math.min(count, ring.lengthBytes() - start);
    source.get(position, ring.slice(start, first));
    if (first < count) {
      source.get(position + first, ring.slice(0, count - first));
    }
  }

  /** Makes the ring large enough; false, and no change, if there is no memory for that. */
  private boolean reserve(long bytes) {
    if (bytes <= ring.lengthBytes()) {
      return true;
    }
    long length = Math.max(FIRST_BYTES, Long.highestOneBit(bytes - 1) << 1);
    RingMemory larger = allocate(length);
    if (larger == null) {
      return false;
    }
    reading.lock();
    try {
      for (long at = read; at < written; ) {
        long from = at & (ring.lengthBytes() - 1);
        long to = at & (length - 1);
        long run = Math.min(written - at, Math.min(ring.lengthBytes() - from, length - to));
        MemorySegment.copy(ring.slice(from, run), 0, larger.slice(to, run), 0, run);
        at += run;
      }
      replace(larger);
    } finally {
      reading.unlock();
    }
    return true;
  }

  /** A charged ring, or null if the payer or the host has no memory left. */
  private RingMemory allocate(long length) {
    if (!payer.tryTake(length, 1)) {
      return null;
    }
    try {
      return RingMemory.allocate(length);
    } catch (HostException refused) {
      payer.give(length, 1);
      return null;
    }
  }

  private void replace(RingMemory other) {
    if (ring.lengthBytes() > 0) {
      payer.give(ring.lengthBytes(), 1);
      ring.free();
    }
    ring = other;
  }

  private void mark(Ancillary ancillary, long count) {
    synchronized (marks) {
      marked = true;
      Mark last = marks.peekLast();
      boolean goesOn =
          last != null
              && last.end == written
              && !last.ancillary.hasFiles()
              && last.ancillary.equals(ancillary);
      if (goesOn) {
        last.end += count;
        payer.give(ancillary.memoryBytes(), 0);
      } else {
        marks.add(new Mark(written, written + count, ancillary));
      }
    }
  }

  @Override
  public long read(IoBuffer destination, long position, boolean peek, Received received) {
    long count;
    reading.lock();
    try {
      // Before the marks, which are there before their bytes are.
      long queued = written - read;
      if (queued == 0) {
        return -Errno.EAGAIN;
      }
      count = Math.min(queued, destination.length() - position);
      if (marked) {
        count = Math.min(count, untilMarkChanges());
      }
      long start = read & (ring.lengthBytes() - 1);
      long first = Math.min(count, ring.lengthBytes() - start);
      destination.put(position, ring.slice(start, first));
      if (first < count) {
        destination.put(position + first, ring.slice(0, count - first));
      }
      if (marked) {
        takeMark(peek, count, received);
      }
      if (!peek) {
        long next = read + count;
        read = next;
        if (ring.lengthBytes() > KEPT_BYTES) {
          giveUpIfEmpty();
        }
      }
    } finally {
      reading.unlock();
    }
    if (!peek && roomWanted && hasRoom()) {
      roomWanted = false;
      writers.announce(WRITABLE);
    }
    return count;
  }

  /** Unless a writer is at work, in which case it is not worth it. The caller reads. */
  private void giveUpIfEmpty() {
    if (writing.tryLock()) {
      try {
        if (read == written) {
          replace(RingMemory.NONE);
        }
      } finally {
        writing.unlock();
      }
    }
  }

  /** How far a read may go before the files or the sender change. */
  private long untilMarkChanges() {
    synchronized (marks) {
      Mark first = marks.peekFirst();
      if (first == null) {
        return Long.MAX_VALUE;
      }
      return (first.start > read ? first.start : first.end) - read;
    }
  }

  /** Hands over what came with the bytes at the read position; files only once. */
  private void takeMark(boolean peek, long count, Received received) {
    synchronized (marks) {
      Mark first = marks.peekFirst();
      if (first == null || first.start > read || count == 0) {
        return;
      }
      Ancillary ancillary = first.ancillary;
      if (received != null) {
        received.setAncillary(peek ? ancillary.retain() : ancillary);
      } else if (!peek) {
        ancillary.release();
      }
      if (!peek) {
        first.ancillary = Ancillary.from(ancillary.credentials());
        if (read + count == first.end) {
          marks.removeFirst();
          payer.give(first.memoryBytes, 0);
        }
      }
    }
  }

  @Override
  public boolean isEmpty() {
    return read == written;
  }

  @Override
  public long readableBytes() {
    return queuedBytes();
  }

  @Override
  public long queuedBytes() {
    // The read position first: it never overtakes the written one that is read after it.
    long from = read;
    return written - from;
  }

  @Override
  public boolean isWritable() {
    if (hasRoom()) {
      return true;
    }
    roomWanted = true;
    return hasRoom();
  }

  private boolean hasRoom() {
    return abandoned || queuedBytes() * 3 <= capacity * 2;
  }

  @Override
  public void setCapacity(long bytes) {
    capacity = bytes;
    writers.announce(WRITABLE);
  }

  @Override
  public void refuse() {
    writing.lock();
    try {
      refusing = true;
    } finally {
      writing.unlock();
    }
  }

  @Override
  public boolean abandon() {
    List<Mark> dropped;
    boolean unread;
    writing.lock();
    reading.lock();
    try {
      abandoned = true;
      unread = read != written;
      read = written;
      replace(RingMemory.NONE);
      synchronized (marks) {
        dropped = List.copyOf(marks);
        marks.clear();
      }
    } finally {
      reading.unlock();
      writing.unlock();
    }
    for (Mark mark : dropped) {
      payer.give(mark.memoryBytes, 0);
      mark.ancillary.release();
    }
    writers.announce(WRITABLE);
    return unread;
  }
}
