package org.capvm.engine;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;

/**
 * Where other processes send their standard streams, so that a program in a cVM uses the very open
 * files, with their positions and flags.
 *
 * <p>An AF_UNIX datagram socket. A datagram is a token of eight bytes, little-endian, with the
 * three descriptors as SCM_RIGHTS. Threads: any.
 */
public final class DescriptorSocket implements AutoCloseable {
  private static final int STREAMS = 3;

  /**
   * Streams that nobody asked for, because their sender died, are closed when more than these wait.
   */
  private static final int MOST_WAITING = 64;

  /** How long a sender waits for room in the receiver's queue. */
  private static final int TRIES = 200;

  private static final int PAUSE_MILLIS = 10;

  private final int socket;
  private final SequencedMap<Long, int[]> waiting = new LinkedHashMap<>();
  private boolean closed;

  private DescriptorSocket(int socket) {
    this.socket = socket;
  }

  /**
   * Makes the socket.
   *
   * @param path where; must not be there yet
   * @throws IOException if the host refuses
   */
  public static DescriptorSocket bind(Path path) throws IOException {
    int socket = check(path, HostSockets.socket(AddressFamily.AF_UNIX, SocketType.SOCK_DGRAM));
    long bound = HostSockets.bind(socket, address(path));
    if (bound < 0) {
      Hostcalls.close(socket);
    }
    check(path, bound);
    return new DescriptorSocket(socket);
  }

  /**
   * Sends this process's standard streams.
   *
   * @param path of a socket that {@link #bind} made
   * @param token names them; whoever knows it can {@link #take} them
   * @throws IOException if they do not arrive
   */
  public static void send(Path path, long token) throws IOException, InterruptedException {
    int socket = check(path, HostSockets.socket(AddressFamily.AF_UNIX, SocketType.SOCK_DGRAM));
    try {
      byte[] address = address(path);
      int[] streams = IntStream.range(0, STREAMS).toArray();
      long sent = -Errno.EAGAIN;
      for (int tries = 0; tries < TRIES && sent == -Errno.EAGAIN; tries++) {
        if (tries > 0) {
          Thread.sleep(PAUSE_MILLIS);
        }
        payload().set(ValueLayout.JAVA_LONG, 0, token);
        sent = HostSockets.sendDescriptorsTo(socket, 1, address, streams);
      }
      check(path, sent);
    } finally {
      Hostcalls.close(socket);
    }
  }

  /**
   * The streams that were sent with a token, standard input first: each is taken once.
   *
   * @return empty if there are none
   */
  public synchronized Optional<List<StandardStream>> take(long token) {
    if (closed) {
      return Optional.empty();
    }
    receive();
    int[] found = waiting.remove(token);
    if (found == null) {
      return Optional.empty();
    }
    return Optional.of(
        IntStream.of(found)
            .mapToObj(descriptor -> (StandardStream) new StandardStream.Passed(descriptor))
            .toList());
  }

  private void receive() {
    int[] descriptors = new int[STREAMS];
    MemorySegment payload = payload();
    long length = HostSockets.receiveDescriptors(socket, 1, descriptors);
    while (length >= 0) {
      boolean complete = length == Long.BYTES && IntStream.of(descriptors).allMatch(d -> d >= 0);
      if (complete) {
        release(waiting.put(payload.get(ValueLayout.JAVA_LONG, 0), descriptors.clone()));
      } else {
        release(descriptors);
      }
      if (waiting.size() > MOST_WAITING) {
        release(waiting.pollFirstEntry().getValue());
      }
      payload = payload();
      length = HostSockets.receiveDescriptors(socket, 1, descriptors);
    }
  }

  private static void release(int[] descriptors) {
    if (descriptors != null) {
      Arrays.stream(descriptors).filter(descriptor -> descriptor >= 0).forEach(Hostcalls::close);
    }
  }

  /** Eight bytes of the thread's scratch memory, and the vector at its start that names them. */
  private static MemorySegment payload() {
    MemorySegment scratch = HostScratch.get();
    MemorySegment payload = scratch.asSlice(2L * Long.BYTES, Long.BYTES);
    scratch.set(ValueLayout.JAVA_LONG, 0, payload.address());
    scratch.set(ValueLayout.JAVA_LONG, Long.BYTES, Long.BYTES);
    return payload;
  }

  /** A {@code sockaddr_un}. */
  private static byte[] address(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    byte[] address = new byte[Short.BYTES + name.length + 1];
    address[0] = AddressFamily.AF_UNIX;
    System.arraycopy(name, 0, address, Short.BYTES, name.length);
    return address;
  }

  private static int check(Path path, long result) throws IOException {
    if (result < 0) {
      throw new IOException(path + ": " + Errno.message((int) -result));
    }
    return (int) result;
  }

  /** Closes the socket, and the streams that nobody took. */
  @Override
  public synchronized void close() {
    if (!closed) {
      receive();
      closed = true;
      waiting.values().forEach(DescriptorSocket::release);
      waiting.clear();
      Hostcalls.close(socket);
    }
  }
}
