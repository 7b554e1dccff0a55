package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.SocketOptionNames;
import org.capvm.libos.file.Caller;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;

/**
 * The network of one cVM: a loopback interface with 127.0.0.0/8 and ::1, ports, abstract AF_UNIX
 * names, and what the configuration gives of the host's network and of other cVMs. Thread-safe.
 * Owns the host's listening sockets and one thread that watches them, started when first needed.
 */
public final class NetworkNamespace implements AutoCloseable {
  /** Ports below are the superuser's. */
  static final int FIRST_UNPRIVILEGED_PORT = 1024;

  private final NetworkMode mode;
  private final MemoryLimit memory;
  private final PortSpace tcp = new PortSpace(true);
  private final PortSpace udp = new PortSpace(false);
  private final PortSpace udpLite = new PortSpace(false);
  private final Links links = new Links();
  private final UnixNames unixNames = new UnixNames(links);
  private final List<PortPublication> ports = new CopyOnWriteArrayList<>();
  private final List<UnixPublication> publishedNames = new CopyOnWriteArrayList<>();
  private HostWatcher watcher;

  /**
   * A loopback of its own.
   *
   * @param mode what can be reached beyond it
   * @param memory what waits in the sockets is charged to it
   */
  public NetworkNamespace(NetworkMode mode, MemoryLimit memory) {
    this.mode = mode;
    this.memory = memory;
  }

  /**
   * Makes a TCP port reachable from the host. The host's port is bound at once; nobody can connect
   * before a program listens.
   *
   * @param hostAddress where the host listens
   * @param hostPort 0 to let the host choose
   * @param guestPort the port a program in the cVM listens on
   * @throws ErrnoException what {@code bind} on the host said
   */
  public void publish(InetAddress hostAddress, int hostPort, int guestPort) {
    ports.add(new PortPublication(this, HostAddresses.of(hostAddress, hostPort), guestPort));
  }

  /**
   * Makes an AF_UNIX name of type stream reachable from the host. The host's socket file is made at
   * once and removed at the end; nobody can connect before a program listens.
   *
   * @param hostPath the file
   * @param hostName the same as a socket's name
   * @param guestName the name a program in the cVM binds to, in the same spelling
   * @throws ErrnoException what {@code bind} on the host said; EADDRINUSE if there is a file,
   *     unless it was left by a socket that is no more
   */
  public void publish(Path hostPath, UnixAddress hostName, UnixAddress guestName) {
    publishedNames.add(new UnixPublication(this, hostPath, hostName, guestName));
  }

  /** What is charged with the bytes that sockets of this network have sent or received. */
  MemoryLimit memory() {
    return memory;
  }

  /** The host's port numbers of the published ports, in the order they were published. */
  public List<Integer> hostPorts() {
    return ports.stream().map(PortPublication::hostPort).toList();
  }

  /**
   * Leads connections to a port of this loopback to another cVM, unless a program here listens on
   * that port. At the peer they come from its own loopback.
   *
   * @param peer the other cVM's network, empty while it does not run: connections are refused then
   */
  public void linkPort(int port, Supplier<Optional<NetworkNamespace>> peer, int peerPort) {
    links.addPort(port, peer, peerPort);
  }

  /**
   * Leads connections to an AF_UNIX name to another cVM. They carry bytes: open files are refused
   * with EPERM, and each side sees the other's credentials as Linux shows those of a foreign user
   * namespace.
   *
   * @param caller makes the file of a path, whose directory must be there
   * @param peer the other cVM's network, empty while it does not run: connections are refused then
   * @param peerName the name the peer's program binds to, in the same spelling
   * @throws ErrnoException EADDRINUSE if the file is there already, or what making it gives
   */
  public void linkUnix(
      Caller caller,
      UnixAddress name,
      Supplier<Optional<NetworkNamespace>> peer,
      UnixAddress peerName) {
    if (name.isAbstract()) {
      links.addAbstractName(name.path(), peer, peerName);
    } else {
      links.addFile(UnixNames.makeFile(caller, name.path()), peer, peerName);
    }
  }

  Links links() {
    return links;
  }

  PortSpace tcp() {
    return tcp;
  }

  /** The ports of a datagram protocol. */
  PortSpace datagrams(int protocol) {
    return protocol == SocketOptionNames.IPPROTO_UDPLITE ? udpLite : udp;
  }

  UnixNames unixNames() {
    return unixNames;
  }

  /** The thread that watches host descriptors. */
  synchronized HostWatcher watcher() {
    if (watcher == null) {
      watcher = new HostWatcher();
    }
    return watcher;
  }

  /**
   * Refuses with EADDRNOTAVAIL to bind to what is not an address of this network; where the cVM
   * reaches what the host reaches, the host's are, too.
   */
  void requireLocal(InternetAddress address) {
    if (!address.isAny() && !address.isLoopback()) {
      if (mode != NetworkMode.HOST) {
        throw ErrnoException.of(Errno.EADDRNOTAVAIL);
      }
      OutsideSocket.requireLocal(address);
    }
  }

  /** Refuses with EACCES to let ordinary users bind to a port that is the superuser's. */
  void requirePort(Task task, int port) {
    if (port != 0 && port < FIRST_UNPRIVILEGED_PORT && !task.credentials().isPrivileged()) {
      throw ErrnoException.of(Errno.EACCES);
    }
  }

  /** Brings what the host offers on a port in line with what listens here. */
  void updatePublication(int guestPort) {
    for (PortPublication publication : ports) {
      if (publication.guestPort() == guestPort) {
        publication.update();
      }
    }
  }

  /** Brings what the host offers at a socket file in line with what listens here. */
  void updatePublication(UnixAddress guestName) {
    for (UnixPublication publication : publishedNames) {
      if (publication.guestName().equals(guestName)) {
        publication.update();
      }
    }
  }

  /** The socket that gets a connection to a published port, or null. */
  InternetStreamSocket publishedListener(int guestPort) {
    SocketDescription listener = tcp.listener(InternetAddress.loopback(AF_INET, guestPort));
    if (listener == null) {
      listener = tcp.listener(InternetAddress.loopback(AF_INET6, guestPort));
    }
    return (InternetStreamSocket) listener;
  }

  /**
   * Whether a destination is the host's affair: it is not on the loopback, and nobody in the cVM is
   * bound to that very address; or it is, nobody in the cVM is there, and the configuration lets
   * the cVM reach what the host reaches, which is also the host's own loopback.
   */
  boolean isOutside(InternetAddress destination, SocketDescription receiver) {
    if (destination.isLoopback()) {
      return receiver == null && mode == NetworkMode.HOST;
    }
    return receiver == null
        || !InternetAddress.parse(receiver.localName(), receiver.family()).isSameHost(destination);
  }

  /** Refuses with ENETUNREACH what leaves the cVM unless the configuration lets it. */
  void requireOutside() {
    if (mode != NetworkMode.HOST) {
      throw ErrnoException.of(Errno.ENETUNREACH);
    }
  }

  @Override
  public void close() {
    ports.forEach(Publication::close);
    publishedNames.forEach(Publication::close);
    synchronized (this) {
      if (watcher != null) {
        watcher.close();
        watcher = null;
      }
    }
  }
}
