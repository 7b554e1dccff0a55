package org.capvm.libos.net;

import org.capvm.libos.file.IoBuffer;

/**
 * One direction of a connection: what was written and not yet read, bounded. Never waits; announces
 * to the wait queues of both ends. Thread-safe.
 */
interface StreamBuffer {
  /**
   * Takes bytes from a buffer.
   *
   * @param position where in the source to start
   * @param ancillary goes with the first byte, or null; its references pass on if anything is taken
   * @return how many were taken; -EAGAIN if there is no room, -EPIPE if nobody will read, -EMSGSIZE
   *     for a record that can never fit
   */
  long write(IoBuffer source, long position, Ancillary ancillary);

  /**
   * Gives bytes to a buffer.
   *
   * @param position where in the destination to start
   * @param peek whether the bytes stay
   * @param received where what came with them goes, or null if it is to be dropped
   * @return how many were given; -EAGAIN if there is nothing
   */
  long read(IoBuffer destination, long position, boolean peek, Received received);

  /** Whether there is nothing to read. */
  boolean isEmpty();

  /** Bytes that the next read can get at most: for records, those of the first. */
  long readableBytes();

  /** Bytes in all. */
  long queuedBytes();

  /**
   * Whether a writer that waits should go on: some part of the room is free. If not, it will be
   * announced.
   */
  boolean isWritable();

  /** Changes how many bytes fit; what is there stays. */
  void setCapacity(long bytes);

  /**
   * The writer is gone: what it wrote stays. When this returns, no write is in progress and none
   * will take anything.
   */
  void refuse();

  /**
   * The reader is gone: when this returns, no read is in progress, everything is dropped, and
   * writes are refused from now on. Returns whether there was anything.
   */
  boolean abandon();
}
