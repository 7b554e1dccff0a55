package org.capvm.libos.net;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.file.Inode;

/**
 * The ways out of one cVM into others that its configuration names: a port of its loopback, a path
 * or an abstract name, each leading to one port or name of a peer. The peer is looked up anew for
 * every connection, so that it may start later and be started again. Thread-safe.
 */
final class Links {
  /** Where a TCP connection arrives: the listening socket, and the address it is reached at. */
  record Arrival(InternetStreamSocket listener, InternetAddress at) {}

  private record TcpEnd(Supplier<Optional<NetworkNamespace>> peer, int port) {}

  /** The inode is held so that its identity stays. */
  private record UnixEnd(
      Inode inode, Supplier<Optional<NetworkNamespace>> peer, UnixAddress name) {}

  private final Map<Integer, TcpEnd> ports = new ConcurrentHashMap<>();
  private final Map<UnixNames.FileIdentity, UnixEnd> files = new ConcurrentHashMap<>();
  private final Map<String, UnixEnd> abstractNames = new ConcurrentHashMap<>();

  void addPort(int port, Supplier<Optional<NetworkNamespace>> peer, int peerPort) {
    ports.put(port, new TcpEnd(peer, peerPort));
  }

  void addAbstractName(String name, Supplier<Optional<NetworkNamespace>> peer, UnixAddress to) {
    abstractNames.put(name, new UnixEnd(null, peer, to));
  }

  void addFile(Inode inode, Supplier<Optional<NetworkNamespace>> peer, UnixAddress to) {
    files.put(UnixNames.FileIdentity.of(inode), new UnixEnd(inode, peer, to));
  }

  /** Whether connections to a loopback address leave through a link. */
  boolean lead(InternetAddress destination) {
    return destination.isLoopback() && ports.containsKey(destination.port());
  }

  /** Where a connection to a linked port arrives, or null if nobody listens there. */
  Arrival arrival(int port) {
    TcpEnd end = ports.get(port);
    NetworkNamespace network = end.peer().get().orElse(null);
    if (network == null) {
      return null;
    }
    for (int family : new int[] {AddressFamily.AF_INET, AddressFamily.AF_INET6}) {
      InternetAddress at = InternetAddress.loopback(family, end.port());
      if (network.tcp().listener(at) instanceof InternetStreamSocket listener) {
        return new Arrival(listener, at);
      }
    }
    return null;
  }

  /** The peer's socket behind a linked abstract name, or null. */
  SocketDescription behind(String abstractName, int type) {
    return listener(abstractNames.get(abstractName), type);
  }

  /** The peer's socket behind a linked file, or null. */
  SocketDescription behind(UnixNames.FileIdentity file, int type) {
    return listener(files.get(file), type);
  }

  private static SocketDescription listener(UnixEnd end, int type) {
    return end == null
        ? null
        : end.peer()
            .get()
            .map(network -> network.unixNames().listener(end.name(), type))
            .orElse(null);
  }
}
