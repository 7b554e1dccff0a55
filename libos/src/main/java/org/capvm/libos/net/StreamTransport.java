package org.capvm.libos.net;

import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.process.Task;

/**
 * What a connected stream socket sends and receives through. Nothing but {@link #await} waits.
 * Thread-safe.
 */
interface StreamTransport {
  /** Bit of a shutdown state: nothing more is received. */
  int RECEIVE_SHUT = 1;

  /** Bit of a shutdown state: nothing more is sent. */
  int SEND_SHUT = 2;

  /**
   * Sends what there is room for.
   *
   * @param ancillary what goes with the first byte, or null; its references pass on if anything is
   *     sent
   * @return the count, or -errno: -EAGAIN if there is no room
   */
  long send(IoBuffer source, long position, Ancillary ancillary);

  /**
   * Receives what is there.
   *
   * @param received where what comes with the bytes goes, or null
   * @return the count, 0 at the end, or -errno: -EAGAIN if there is nothing yet
   */
  long receive(IoBuffer destination, long position, boolean peek, Received received);

  /**
   * Waits until one of the poll events, an error or a hang-up is there.
   *
   * @return false if the deadline passed first
   */
  boolean await(Task task, int events, long deadlineNanos);

  /** The poll events that are there. */
  int readiness();

  /** Whether there is a peer to name: not after a reset, nor after both ends have finished. */
  boolean hasPeer();

  /** Takes the pending error, 0 if there is none. */
  int takeError();

  /** Shuts a direction: bits of {@link #RECEIVE_SHUT} and {@link #SEND_SHUT}. */
  void shutdown(int directions);

  /** Ends the connection; nothing is called afterwards. A reset tells the peer so at once. */
  void close(boolean reset);

  /** Bytes that wait to be received, at most: for records, those of the first. */
  long readableBytes();

  /** Bytes sent that the peer has not received. */
  long unsentBytes();

  /** The buffer sizes changed. */
  void setBufferSizes(long sendBytes, long receiveBytes);

  /** The host descriptor, or -1. */
  int hostDescriptor();
}
