package org.capvm.libos.net;

import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import java.util.ArrayDeque;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.WaitQueue;

/**
 * A byte stream in a ring on the heap. Each byte is copied twice: from the writer's memory into the
 * ring and from there to the reader's. The ring grows with use, up to the capacity.
 *
 * <p>What comes with bytes (AF_UNIX) sits beside the ring, in order, each with the position of its
 * first byte: a read ends where the files or the sender change, as on Linux.
 *
 * <pre>
 *      bytes[position &amp; mask]
 *          .....xxxxxxxxxxxxx......
 *               ^ read       ^ written        both only grow
 * </pre>
 */
final class RingBuffer implements StreamBuffer {
  private static final int FIRST_BYTES = 1 << 12;

  /** A ring larger than this is given up when it is empty. */
  private static final int KEPT_BYTES = 1 << 18;

  /** What came with a run of bytes. */
  private static final class Mark {
    final long start;
    long end;
    Ancillary ancillary;

    Mark(long start, long end, Ancillary ancillary) {
      this.start = start;
      this.end = end;
      this.ancillary = ancillary;
    }
  }

  private final WaitQueue readers;
  private final WaitQueue writers;

  // Guarded by this object's monitor; the volatile ones are read without it.
  private byte[] ring = new byte[0];
  private ArrayDeque<Mark> marks;
  private long capacity;
  private boolean roomWanted;
  private boolean abandoned;
  private volatile long read;
  private volatile long written;

  /**
   * @param readers told when there is something to read
   * @param writers told when there is room again
   * @param capacity in bytes
   */
  RingBuffer(WaitQueue readers, WaitQueue writers, long capacity) {
    this.readers = readers;
    this.writers = writers;
    this.capacity = capacity;
  }

  @Override
  public long write(IoBuffer source, long position, Ancillary ancillary) {
    int count;
    synchronized (this) {
      if (abandoned) {
        return -Errno.EPIPE;
      }
      long room = capacity - queuedBytes();
      if (room <= 0) {
        roomWanted = true;
        return -Errno.EAGAIN;
      }
      count = (int) Math.min(room, source.length() - position);
      copyIn(source, position, count);
      if (ancillary != null) {
        mark(ancillary, count);
      }
      written += count;
    }
    readers.announce(READABLE);
    return count;
  }

  private void copyIn(IoBuffer source, long position, int count) {
    reserve((int) queuedBytes() + count);
    int start = (int) written & (ring.length - 1);
    int first = Math.min(count, ring.length - start);
    source.get(position, ring, start, first);
    if (first < count) {
      source.get(position + first, ring, 0, count - first);
    }
  }

  /** Makes the ring large enough. */
  private void reserve(int bytes) {
    if (bytes <= ring.length) {
      return;
    }
    int length = Math.max(FIRST_BYTES, Integer.highestOneBit(Math.max(bytes - 1, 1)) << 1);
    byte[] larger = new byte[length];
    for (long at = read; at < written; ) {
      int from = (int) at & (ring.length - 1);
      int to = (int) at & (length - 1);
      int run = (int) Math.min(written - at, Math.min(ring.length - from, length - to));
      System.arraycopy(ring, from, larger, to, run);
      at += run;
    }
    ring = larger;
  }

  private void mark(Ancillary ancillary, int count) {
    if (marks == null) {
      marks = new ArrayDeque<>();
    }
    Mark last = marks.peekLast();
    boolean goesOn =
        last != null
            && last.end == written
            && !last.ancillary.hasFiles()
            && last.ancillary.equals(ancillary);
    if (goesOn) {
      last.end += count;
    } else {
      marks.add(new Mark(written, written + count, ancillary));
    }
  }

  @Override
  public long read(IoBuffer destination, long position, boolean peek, Received received) {
    int count;
    boolean roomAgain = false;
    synchronized (this) {
      if (read == written) {
        return -Errno.EAGAIN;
      }
      count = (int) Math.min(written - read, destination.length() - position);
      if (marks != null) {
        count = (int) Math.min(count, untilMarkChanges());
      }
      int start = (int) read & (ring.length - 1);
      int first = Math.min(count, ring.length - start);
      destination.put(position, ring, start, first);
      if (first < count) {
        destination.put(position + first, ring, 0, count - first);
      }
      if (marks != null) {
        takeMark(peek, count, received);
      }
      if (!peek) {
        read += count;
        if (read == written && ring.length > KEPT_BYTES) {
          ring = new byte[0];
        }
        roomAgain = roomWanted && hasRoom();
        roomWanted &= !roomAgain;
      }
    }
    if (roomAgain) {
      writers.announce(WRITABLE);
    }
    return count;
  }

  /** How far a read may go before the files or the sender change. */
  private long untilMarkChanges() {
    Mark first = marks.peekFirst();
    if (first == null) {
      return Long.MAX_VALUE;
    }
    return (first.start > read ? first.start : first.end) - read;
  }

  /** Hands over what came with the bytes at the read position; files only once. */
  private void takeMark(boolean peek, int count, Received received) {
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
    synchronized (this) {
      roomWanted = !hasRoom();
      return !roomWanted;
    }
  }

  private boolean hasRoom() {
    return abandoned || queuedBytes() * 3 <= capacity * 2;
  }

  @Override
  public void setCapacity(long bytes) {
    synchronized (this) {
      capacity = bytes;
    }
    writers.announce(WRITABLE);
  }

  @Override
  public boolean abandon() {
    ArrayDeque<Mark> dropped;
    boolean unread;
    synchronized (this) {
      abandoned = true;
      unread = read != written;
      read = written;
      ring = new byte[0];
      dropped = marks;
      marks = null;
    }
    if (dropped != null) {
      dropped.forEach(mark -> mark.ancillary.release());
    }
    writers.announce(WRITABLE);
    return unread;
  }
}
