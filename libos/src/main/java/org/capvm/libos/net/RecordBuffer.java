package org.capvm.libos.net;

import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import java.util.ArrayDeque;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.MessageFlags;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;

/**
 * Messages with their boundaries, in order: what a datagram socket has received, or one direction
 * of a sequenced-packet connection. A read gets one message; what does not fit is lost.
 */
final class RecordBuffer implements StreamBuffer {
  /** What Linux counts for a message besides its bytes, roughly. */
  private static final int OVERHEAD_BYTES = 256;

  /** One message. */
  private static final class Message {
    final byte[] bytes;

    /** The sender's socket address, or null. */
    final byte[] source;

    /** What came with it, or null. */
    final Ancillary ancillary;

    Message(byte[] bytes, byte[] source, Ancillary ancillary) {
      this.bytes = bytes;
      this.source = source;
      this.ancillary = ancillary;
    }

    long memoryBytes() {
      return bytes.length + OVERHEAD_BYTES + (ancillary == null ? 0 : ancillary.memoryBytes());
    }
  }

  private final WaitQueue readers;
  private final WaitQueue writers;
  private final MemoryLimit payer;
  private final ArrayDeque<Message> messages = new ArrayDeque<>();

  // Guarded by this object's monitor; the volatile ones are read without it.
  private volatile long capacity;
  private volatile long charged;
  private volatile long queued;
  private volatile long firstBytes = -1;
  private boolean roomWanted;
  private volatile boolean abandoned;
  private boolean refusing;

  /** Parameters as {@link RingBuffer}'s. */
  RecordBuffer(WaitQueue readers, WaitQueue writers, long capacity, MemoryLimit payer) {
    this.payer = payer;
    this.readers = readers;
    this.writers = writers;
    this.capacity = capacity;
  }

  @Override
  public long write(IoBuffer source, long position, Ancillary ancillary) {
    return write(source, position, ancillary, null);
  }

  /** As {@link #write(IoBuffer, long, Ancillary)}, from a sender with an address. */
  long write(IoBuffer source, long position, Ancillary ancillary, byte[] address) {
    long length = source.length() - position;
    synchronized (this) {
      if (abandoned) {
        return -Errno.EPIPE;
      }
      if (length > capacity) {
        return -Errno.EMSGSIZE;
      }
      if (charged > 0 && charged + length + OVERHEAD_BYTES > capacity) {
        roomWanted = true;
        return -Errno.EAGAIN;
      }
    }
    // Copied without the lock: guest memory may fault, and senders must not keep the receiver
    // waiting.
    byte[] bytes = new byte[(int) length];
    source.get(position, bytes, 0, bytes.length);
    return add(new Message(bytes, address, ancillary));
  }

  /** Adds a message that the library OS itself made, whether there is room or not. */
  void add(byte[] bytes, byte[] address) {
    add(new Message(bytes, address, null));
  }

  private long add(Message message) {
    int length = message.bytes.length;
    synchronized (this) {
      if (abandoned || refusing) {
        return -Errno.EPIPE;
      }
      if (!payer.tryTake(message.memoryBytes(), 0)) {
        return -Errno.ENOBUFS;
      }
      messages.add(message);
      charged += length + OVERHEAD_BYTES;
      queued += length;
      if (firstBytes < 0) {
        firstBytes = length;
      }
    }
    readers.announce(READABLE);
    return length;
  }

  @Override
  public long read(IoBuffer destination, long position, boolean peek, Received received) {
    Message message;
    boolean roomAgain = false;
    synchronized (this) {
      message = messages.peekFirst();
      if (message == null) {
        return -Errno.EAGAIN;
      }
      if (peek) {
        if (message.ancillary != null && received != null) {
          message.ancillary.retain();
        }
      } else {
        messages.removeFirst();
        charged -= message.bytes.length + OVERHEAD_BYTES;
        payer.give(message.memoryBytes(), 0);
        queued -= message.bytes.length;
        Message next = messages.peekFirst();
        firstBytes = next == null ? -1 : next.bytes.length;
        roomAgain = roomWanted && hasRoom();
        roomWanted &= !roomAgain;
      }
    }
    if (roomAgain) {
      writers.announce(WRITABLE);
    }
    if (received == null) {
      if (message.ancillary != null && !peek) {
        message.ancillary.release();
      }
    } else {
      received.setSource(message.source);
      received.setAncillary(message.ancillary);
      received.setMessageBytes(message.bytes.length);
    }
    int count = (int) Math.min(message.bytes.length, destination.length() - position);
    if (count < message.bytes.length && received != null) {
      received.addFlags(MessageFlags.MSG_TRUNC);
    }
    destination.put(position, message.bytes, 0, count);
    return count;
  }

  @Override
  public boolean isEmpty() {
    return firstBytes < 0;
  }

  @Override
  public long readableBytes() {
    return Math.max(0, firstBytes);
  }

  @Override
  public long queuedBytes() {
    return queued;
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
    return abandoned || charged * 3 <= capacity * 2;
  }

  @Override
  public void setCapacity(long bytes) {
    synchronized (this) {
      capacity = bytes;
    }
    writers.announce(WRITABLE);
  }

  @Override
  public synchronized void refuse() {
    refusing = true;
  }

  @Override
  public boolean abandon() {
    boolean unread;
    synchronized (this) {
      abandoned = true;
      unread = !messages.isEmpty();
      for (Message message : messages) {
        payer.give(message.memoryBytes(), 0);
        if (message.ancillary != null) {
          message.ancillary.release();
        }
      }
      messages.clear();
      charged = 0;
      queued = 0;
      firstBytes = -1;
    }
    writers.announce(WRITABLE);
    return unread;
  }
}
