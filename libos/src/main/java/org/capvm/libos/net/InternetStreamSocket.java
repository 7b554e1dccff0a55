package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;
import static org.capvm.libos.abi.AddressFamily.AF_UNSPEC;
import static org.capvm.libos.abi.SocketOptionNames.IPPROTO_TCP;
import static org.capvm.libos.abi.SocketType.SOCK_STREAM;
import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.POLLOUT;
import static org.capvm.libos.file.PollEvents.POLLRDHUP;
import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;

/**
 * A TCP socket.
 *
 * <p>Connections to the cVM's own loopback are pairs of {@link StreamEndpoint}s; connections from
 * published ports, and to elsewhere where the configuration allows them, are {@link
 * HostTransport}s. As on Linux, a non-blocking connect says EINPROGRESS even if it is over at once,
 * the second call 0 or the error, and the third EISCONN.
 */
final class InternetStreamSocket extends StreamSocket {
  /** Linux's defaults: {@code net.ipv4.tcp_wmem} and {@code tcp_rmem}. */
  private static final int INITIAL_SEND_BYTES = 16_384;

  private static final int RECEIVE_BYTES = 131_072;

  /** What fits on the way between two sockets that did not choose buffer sizes. */
  private static final long IN_FLIGHT_BYTES = 512 << 10;

  /** How far a connect call has come. */
  private enum Progress {
    NONE,
    UNDER_WAY,
    /** Over, but the program has not been told. */
    DONE_UNTOLD,
    CONNECTED
  }

  // Guarded by this object's monitor; the volatile ones are read without it.
  private PortSpace.Binding binding;
  private volatile InternetAddress local;
  private volatile InternetAddress remote;
  private volatile Progress progress = Progress.NONE;
  private boolean portChosenHere;
  private boolean gone;
  private AcceptQueue target;
  private AcceptQueue.Attempt attempt;

  /** Opened at the first attempt to connect to outside the cVM; further attempts use it again. */
  private OutsideSocket outside;

  InternetStreamSocket(NetworkNamespace network, int family) {
    this(network, family, new SocketOptions(INITIAL_SEND_BYTES, RECEIVE_BYTES));
  }

  private InternetStreamSocket(NetworkNamespace network, int family, SocketOptions options) {
    super(network, family, SOCK_STREAM, IPPROTO_TCP, options);
  }

  /** The listening socket's side of a connection. */
  private InternetStreamSocket child(InternetAddress at, InternetAddress from) {
    InternetStreamSocket child = new InternetStreamSocket(network(), family(), options().copy());
    child.local = at.as(family());
    child.remote = from.as(family());
    child.progress = Progress.CONNECTED;
    child.binding = network().tcp().bindAccepted(child, child.local);
    return child;
  }

  // ---- names

  @Override
  void bind(Task task, byte[] bytes) {
    InternetAddress address = InternetAddress.parse(bytes, family());
    network().requireLocal(address);
    network().requirePort(task, address.port());
    synchronized (this) {
      if (binding != null || progress != Progress.NONE) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      bindTo(task, address);
    }
  }

  private void bindTo(Task task, InternetAddress address) {
    binding = network().tcp().bind(this, address, PeerCredentials.of(task).uid());
    local = binding.address();
  }

  @Override
  byte[] localName() {
    InternetAddress address = local;
    return (address != null ? address : InternetAddress.any(family(), 0)).encode();
  }

  @Override
  byte[] peerName() {
    StreamTransport current = transport();
    if (current == null || !current.hasPeer()) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    return remote.encode();
  }

  @Override
  byte[] nameOfAcceptedPeer() {
    return remote.encode();
  }

  @Override
  void forgetName() {
    AcceptQueue.Attempt pending;
    AcceptQueue queue;
    synchronized (this) {
      if (outside != null && hostDescriptor() != outside.descriptor()) {
        Hostcalls.close(outside.descriptor());
      }
      pending = attempt;
      queue = target;
      attempt = null;
      gone = true;
      releasePort();
    }
    if (pending != null && queue.withdraw(pending)) {
      pending.child().abandon();
    }
  }

  private void releasePort() {
    if (binding != null) {
      network().tcp().release(binding);
      network().updatePublication(binding.address().port());
      binding = null;
    }
  }

  // ---- listening

  @Override
  void listen(Task task, int backlog) {
    synchronized (this) {
      if (progress != Progress.NONE) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      if (!isListening()) {
        if (binding == null) {
          bindTo(task, InternetAddress.any(family(), 0));
        }
        network().tcp().listen(binding);
      }
      startListening(clampBacklog(backlog));
    }
    network().updatePublication(local.port());
  }

  @Override
  void roomToAccept() {
    network().updatePublication(local.port());
  }

  /** A connection came in from the host: it is queued, or reset if there is no room any more. */
  void admit(int hostDescriptor, InternetAddress from) {
    InternetAddress at = local;
    if (at.isAny()) {
      at = InternetAddress.loopback(from.isV4() ? AF_INET : AF_INET6, at.port());
    }
    InternetStreamSocket child = child(at, from.as(family()));
    child.connected(new HostTransport(hostDescriptor));
    admit(child);
  }

  // ---- connecting

  @Override
  long connect(Task task, byte[] bytes) {
    if (InternetAddress.familyOf(bytes) == AF_UNSPEC) {
      return disconnect();
    }
    InternetAddress destination = InternetAddress.parse(bytes, family()).asDestination();
    synchronized (this) {
      if (isListening()) {
        return -Errno.EISCONN;
      }
      switch (progress) {
        case CONNECTED -> {
          return -Errno.EISCONN;
        }
        case DONE_UNTOLD -> {
          return tell();
        }
        case UNDER_WAY -> {
          if (transport() instanceof HostTransport host && host.isSettled()) {
            return tell();
          }
          if (isNonBlocking()) {
            return -Errno.EALREADY;
          }
        }
        case NONE -> {
          if (destination.isMulticastOrBroadcast()) {
            return -Errno.ENETUNREACH;
          }
          start(task, destination);
          if (isNonBlocking()) {
            return -Errno.EINPROGRESS;
          }
        }
      }
    }
    return awaitEnd(task);
  }

  private long disconnect() {
    synchronized (this) {
      StreamTransport current = transport();
      if (current != null) {
        current.shutdown(StreamTransport.RECEIVE_SHUT | StreamTransport.SEND_SHUT);
      }
      return 0;
    }
  }

  private void start(Task task, InternetAddress destination) {
    if (family() == AF_INET6 && options().v6Only() && destination.isV4()) {
      throw ErrnoException.of(Errno.ENETUNREACH);
    }
    SocketDescription found = network().tcp().listener(destination);
    boolean linked = found == null && network().links().lead(destination);
    if (!linked && network().isOutside(destination, found)) {
      connectOutside(destination);
      return;
    }
    InternetAddress source = sourceFor(task, destination);
    remote = destination.as(family());
    progress = Progress.UNDER_WAY;
    forgetTransport();
    if (linked) {
      Links.Arrival arrival = network().links().arrival(destination.port());
      if (arrival == null) {
        refuse(Errno.ECONNREFUSED);
      } else {
        int family = arrival.at().family();
        join(arrival.listener(), arrival.at(), InternetAddress.loopback(family, source.port()));
      }
    } else if (found instanceof InternetStreamSocket listener) {
      join(listener, destination, source);
    } else {
      refuse(Errno.ECONNREFUSED);
    }
  }

  /** Queues a connection to a listening socket, which sees the two addresses given. */
  private void join(InternetStreamSocket listener, InternetAddress at, InternetAddress from) {
    AcceptQueue queue = listener.acceptQueue();
    if (queue == null) {
      refuse(Errno.ECONNREFUSED);
      return;
    }
    InternetStreamSocket child = listener.child(at, from);
    StreamEndpoint[] ends =
        StreamEndpoint.pair(
            StreamEndpoint.Protocol.TCP,
            new WaitQueue[] {waiters(), child.waiters()},
            new long[] {inFlight(child.options(), options()), inFlight(options(), child.options())},
            new MemoryLimit[] {network().memory(), listener.network().memory()},
            listener.network() != network());
    child.connected(ends[1]);
    target = queue;
    attempt = new Connecting(listener, child, ends[0]);
    queue.offer(attempt);
  }

  private static long inFlight(SocketOptions sender, SocketOptions receiver) {
    boolean chosen =
        sender.sendBytes() != INITIAL_SEND_BYTES || receiver.receiveBytes() != RECEIVE_BYTES;
    return chosen ? (long) sender.sendBytes() + receiver.receiveBytes() : IN_FLIGHT_BYTES;
  }

  /** Binds to a port if the program did not, and says where the connection comes from. */
  private InternetAddress sourceFor(Task task, InternetAddress destination) {
    int sourceFamily = destination.isV4() ? AF_INET : AF_INET6;
    if (binding == null) {
      bindTo(task, InternetAddress.loopback(sourceFamily, 0));
      portChosenHere = true;
    }
    InternetAddress source = binding.address();
    if (source.isAny()) {
      source = InternetAddress.loopback(sourceFamily, source.port());
    }
    local = source.as(family());
    return source;
  }

  /** An attempt to get into a listening socket's queue. */
  private final class Connecting implements AcceptQueue.Attempt {
    private final InternetStreamSocket listener;
    private final InternetStreamSocket child;
    private final StreamEndpoint end;

    Connecting(InternetStreamSocket listener, InternetStreamSocket child, StreamEndpoint end) {
      this.listener = listener;
      this.child = child;
      this.end = end;
    }

    @Override
    public StreamSocket child() {
      return child;
    }

    @Override
    public void established() {
      listener.waiters().announce(READABLE);
      settle(end);
    }

    @Override
    public void refused() {
      child.abandon();
      settle(null);
    }
  }

  /** The attempt is over: with a connection, or with null refused. */
  private synchronized void settle(StreamEndpoint end) {
    attempt = null;
    if (end == null) {
      refuse(Errno.ECONNREFUSED);
    } else if (gone) {
      end.close(true);
    } else {
      progress = Progress.DONE_UNTOLD;
      connected(end);
    }
  }

  private void refuse(int errno) {
    setPendingError(errno);
    progress = Progress.DONE_UNTOLD;
    waiters().announce(POLLERR | POLLHUP | READABLE | WRITABLE);
  }

  private void connectOutside(InternetAddress destination) {
    network().requireOutside();
    if (outside == null) {
      outside = OutsideSocket.open(family(), SOCK_STREAM);
    }
    outside.apply(options());
    if (binding != null) {
      outside.bind(binding, options());
    }
    long result = outside.connect(destination);
    if (result != -Errno.EINPROGRESS) {
      ErrnoException.check(result);
    }
    remote = destination.as(family());
    progress = Progress.UNDER_WAY;
    connected(new HostTransport(outside.descriptor()));
    local = outside.localAddress().as(family());
    becameHostPolled(outside.descriptor());
  }

  /** What a call that finds the attempt over says: the outcome, once. */
  private long tell() {
    int error = takeError();
    StreamTransport current = transport();
    boolean outsideFailed = current instanceof HostTransport host && !host.hasPeer();
    if (error == 0 && current != null && !outsideFailed) {
      progress = Progress.CONNECTED;
      return 0;
    }
    progress = Progress.NONE;
    remote = null;
    if (outside != null) {
      outside.disconnect();
    }
    if (portChosenHere) {
      portChosenHere = false;
      releasePort();
    }
    local = binding != null ? binding.address() : null;
    return -(error != 0 ? error : Errno.ECONNABORTED);
  }

  private long awaitEnd(Task task) {
    long timeout = options().sendTimeoutNanos();
    long deadline = SocketOptions.deadline(timeout);
    StreamTransport current = transport();
    boolean outside = current != null && current.hostDescriptor() >= 0;
    boolean over =
        outside
            ? current.await(task, POLLOUT, deadline)
            : await(task, () -> progress != Progress.UNDER_WAY, deadline, timeout);
    if (!over) {
      return -Errno.EINPROGRESS;
    }
    synchronized (this) {
      return progress == Progress.CONNECTED ? 0 : tell();
    }
  }

  // ---- what unconnected sockets answer

  @Override
  long awaitConnectionToReceive(Task task, int flags) {
    // Whoever took the error of a refused attempt finds the end.
    boolean over = progress == Progress.DONE_UNTOLD && !hasPendingError();
    return over ? 0 : awaitConnection(task, flags, Errno.ENOTCONN);
  }

  @Override
  long awaitConnectionToSend(Task task, int flags) {
    return awaitConnection(task, flags, Errno.EPIPE);
  }

  private long awaitConnection(Task task, int flags, int otherwise) {
    if (hasPendingError() && progress == Progress.DONE_UNTOLD) {
      return -takeError();
    }
    if (progress != Progress.UNDER_WAY) {
      return -otherwise;
    }
    if (mustNotWait(flags)) {
      return -Errno.EAGAIN;
    }
    await(task, () -> progress != Progress.UNDER_WAY, Task.NEVER, 0);
    if (transport() != null) {
      return 0;
    }
    int error = takeError();
    return -(error != 0 ? error : otherwise);
  }

  @Override
  int errorOfAddress() {
    return 0;
  }

  @Override
  int readinessWhenUnconnected() {
    return switch (progress) {
      case UNDER_WAY -> 0;
      case DONE_UNTOLD -> POLLIN | POLLOUT | POLLHUP | POLLRDHUP | READABLE | WRITABLE;
      case NONE, CONNECTED -> WRITABLE | POLLHUP;
    };
  }

  @Override
  void shutdown(int directions) {
    if (isListening()) {
      if ((directions & StreamTransport.RECEIVE_SHUT) != 0) {
        synchronized (this) {
          stopListening();
          network().tcp().stopListening(binding);
        }
        network().updatePublication(local.port());
      }
      return;
    }
    StreamTransport current = transport();
    if (current == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    current.shutdown(directions);
  }

  @Override
  void optionChanged(StoredOption option, int value) {
    if (transport() instanceof HostTransport host) {
      host.setOption(option, value);
    }
  }

  @Override
  boolean isTcp() {
    return true;
  }
}
