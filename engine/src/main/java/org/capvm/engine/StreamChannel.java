package org.capvm.engine;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.net.StreamEnd;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpStream;
import org.capvm.monitor.memory.MappingBudget;

/**
 * One end of a CP_Stream, used by Java: a stream of bytes to a cVM, or to other Java code. Reads
 * and writes wait until at least one byte can be moved.
 *
 * <p>Threads: any; one reader and one writer do not disturb each other.
 */
public final class StreamChannel implements ByteChannel {
  /** Java code is not limited in what it sends. */
  private static final MemoryLimit JAVA =
      new MemoryLimit(MemoryLimit.UNLIMITED, new MappingBudget());

  private final StreamEnd end;
  private volatile boolean closed;

  private StreamChannel(StreamEnd end) {
    this.end = end;
  }

  /**
   * Publishes a stream and keeps one end; the other one is for whoever opens the name.
   *
   * @param name of 1 to 4096 characters, without a slash
   * @throws org.capvm.monitor.capability.CapabilityException for a name that cannot be or is taken
   */
  public static StreamChannel create(Compartment owner, String name) {
    return new StreamChannel(StreamEnd.create(owner, name, JAVA));
  }

  /**
   * Opens the other end of a stream.
   *
   * @param name the owner's name, a slash and the stream's
   * @throws org.capvm.monitor.capability.CapabilityException if there is no such name or it was not
   *     granted
   * @throws IOException if it was opened before
   */
  public static StreamChannel open(Compartment holder, String name) throws IOException {
    try {
      return new StreamChannel(StreamEnd.open(holder, name));
    } catch (ErrnoException refused) {
      throw new IOException(name + ": " + Errno.message(refused.errno()), refused);
    }
  }

  /** To grant, revoke or end the stream, for its owner. */
  public CpStream capability() {
    return end.capability();
  }

  @FunctionalInterface
  private interface Transfer {
    long move(MemorySegment segment) throws InterruptedException;
  }

  @Override
  public int read(ByteBuffer destination) throws IOException {
    int count = transfer(destination, end::read);
    return count == 0 && destination.hasRemaining() ? -1 : count;
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    int before = source.remaining();
    while (source.hasRemaining()) {
      transfer(source, end::write);
    }
    return before;
  }

  private int transfer(ByteBuffer buffer, Transfer transfer) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    if (!buffer.hasRemaining()) {
      return 0;
    }
    long count;
    try {
      count = transfer.move(MemorySegment.ofBuffer(buffer));
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
    if (closed) {
      throw new ClosedChannelException();
    }
    if (count < 0) {
      throw new IOException(Errno.message((int) -count));
    }
    buffer.position(buffer.position() + (int) count);
    return (int) count;
  }

  /** Ends the writing direction: the other side reads what is there and then finds the end. */
  public void shutdownOutput() {
    end.shutdownOutput();
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public void close() {
    closed = true;
    end.close();
  }
}
