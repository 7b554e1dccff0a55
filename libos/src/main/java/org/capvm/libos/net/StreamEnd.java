package org.capvm.libos.net;

import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.POLLOUT;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpStream;
import org.capvm.monitor.channel.SharedCapability;

/**
 * One end of a CP_Stream with the capability that it is used through. It becomes a descriptor of a
 * guest, where it is a connected AF_UNIX stream socket, or is used by Java threads.
 *
 * <p>Closing the end closes what was opened with it. Threads: any.
 */
public final class StreamEnd {
  private final CpStream capability;
  private final StreamEndpoint endpoint;

  StreamEnd(CpStream capability, StreamEndpoint endpoint) {
    this.capability = capability;
    this.endpoint = endpoint;
  }

  /**
   * Makes a stream, of which the caller has one end and whoever opens the name the other.
   *
   * @param payer is charged with the bytes that are under way
   * @throws CapabilityException as {@link Compartment#createStream}
   */
  public static StreamEnd create(Compartment owner, String name, MemoryLimit payer) {
    return new StreamCarrier(payer).publish(owner, name);
  }

  /**
   * Opens the other end of a stream.
   *
   * @throws CapabilityException as {@link Compartment#open}; NOT_VALID for what is no stream
   * @throws org.capvm.libos.ErrnoException EBUSY if it was opened before
   */
  public static StreamEnd open(Compartment holder, String name) {
    SharedCapability opened = holder.open(name);
    if (opened instanceof CpStream stream && stream.carrier() instanceof StreamCarrier carrier) {
      return carrier.take(stream);
    }
    opened.close();
    throw new CapabilityException(CapabilityException.Reason.NOT_VALID);
  }

  /** What the end is used through. */
  public CpStream capability() {
    return capability;
  }

  /**
   * Makes it an open file of a task.
   *
   * @param flags {@code SOCK_NONBLOCK} and {@code SOCK_CLOEXEC}
   * @return the descriptor
   */
  public int install(Task task, int flags) {
    SocketArguments.requireTypeFlags(flags);
    UnixStreamSocket socket = UnixStreamSocket.at(task.libraryOs().network(), endpoint);
    socket.onClose(this::closeOpened);
    return SocketArguments.install(task, socket, flags);
  }

  /** The owner keeps its capability, so that what it has written can still be opened. */
  private void closeOpened() {
    if (!StreamCarrier.isOwners(capability)) {
      endpoint.close(false);
      capability.close();
    }
  }

  /**
   * Reads at least one byte, and waits for it.
   *
   * @return the count, 0 at the end of the stream, or -errno
   * @throws InterruptedException if the thread is interrupted while it waits
   */
  public long read(MemorySegment destination) throws InterruptedException {
    IoBuffer buffer = IoBuffer.host(destination);
    while (true) {
      long count = endpoint.receive(buffer, 0, false, null);
      if (count != -Errno.EAGAIN) {
        return count;
      }
      await(POLLIN);
    }
  }

  /** Writes at least one byte, and waits for room. Otherwise as {@link #read}. */
  public long write(MemorySegment source) throws InterruptedException {
    IoBuffer buffer = IoBuffer.host(source);
    while (true) {
      long count = endpoint.send(buffer, 0, null);
      if (count != -Errno.EAGAIN) {
        return count;
      }
      await(POLLOUT);
    }
  }

  private void await(int events) throws InterruptedException {
    Thread thread = Thread.currentThread();
    WaitQueue.Listener listener = announced -> LockSupport.unpark(thread);
    endpoint.waiters().add(listener);
    try {
      while ((endpoint.readiness() & (events | POLLERR | POLLHUP)) == 0) {
        LockSupport.park(this);
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
    } finally {
      endpoint.waiters().remove(listener);
    }
  }

  /** Ends the writing direction: the other side reads what is there and then finds the end. */
  public void shutdownOutput() {
    endpoint.shutdown(StreamTransport.SEND_SHUT);
  }

  /** Closes the end. Who waits in a transfer returns as from a connection that was closed. */
  public void close() {
    closeOpened();
    endpoint.close(false);
    endpoint.waiters().announce(POLLIN | POLLOUT | POLLHUP);
  }
}
