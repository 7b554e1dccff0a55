package org.capvm.libos.net;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * The ports of one protocol in one cVM: who is bound to what, and who gets what arrives. Follows
 * Linux's rules for {@code SO_REUSEADDR}, {@code SO_REUSEPORT}, wildcards and dual-stack sockets.
 * Thread-safe.
 */
final class PortSpace {
  /** Linux's {@code net.ipv4.ip_local_port_range}. */
  static final int EPHEMERAL_FIRST = 32768;

  static final int EPHEMERAL_LAST = 60999;

  /** A socket's place in the space. Changed under the space's monitor. */
  static final class Binding {
    private final SocketDescription owner;
    private final InternetAddress address;
    private final boolean v6Only;
    private final boolean reuseAddress;
    private final boolean reusePort;
    private final int uid;
    private final boolean portChosen;
    private boolean listening;
    private InternetAddress peer;

    private Binding(SocketDescription owner, InternetAddress address, int uid, boolean portChosen) {
      this.owner = owner;
      this.address = address;
      this.v6Only = owner.options().v6Only();
      this.reuseAddress = owner.options().reuseAddress();
      this.reusePort = owner.options().reusePort();
      this.uid = uid;
      this.portChosen = portChosen;
    }

    /** Where it is bound, with its port. */
    InternetAddress address() {
      return address;
    }

    /** Whether the program asked for this port, and did not leave the choice to the space. */
    boolean isPortChosen() {
      return portChosen;
    }
  }

  private final boolean listeningMatters;
  private final Map<Integer, List<Binding>> ports = new HashMap<>();
  private int turn;

  /**
   * @param listeningMatters whether {@code SO_REUSEADDR} ends where a socket listens, as for TCP
   */
  PortSpace(boolean listeningMatters) {
    this.listeningMatters = listeningMatters;
  }

  /**
   * Binds a socket.
   *
   * @param address port 0 for an ephemeral one
   * @throws ErrnoException EADDRINUSE
   */
  synchronized Binding bind(SocketDescription owner, InternetAddress address, int uid) {
    boolean portChosen = address.port() != 0;
    int port = portChosen ? address.port() : ephemeralPort();
    Binding binding = new Binding(owner, address.withPort(port), uid, portChosen);
    if (conflicts(binding)) {
      throw ErrnoException.of(Errno.EADDRINUSE);
    }
    ports.computeIfAbsent(port, key -> new ArrayList<>(2)).add(binding);
    return binding;
  }

  /** Adds an accepted socket to its listening socket's port, which it keeps busy. */
  synchronized Binding bindAccepted(SocketDescription owner, InternetAddress address) {
    List<Binding> sharing = ports.computeIfAbsent(address.port(), key -> new ArrayList<>(2));
    int uid = sharing.isEmpty() ? 0 : sharing.getFirst().uid;
    Binding binding = new Binding(owner, address, uid, true);
    sharing.add(binding);
    return binding;
  }

  private int ephemeralPort() {
    int count = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
    int start = ThreadLocalRandom.current().nextInt(count);
    for (int tried = 0; tried < count; tried++) {
      int port = EPHEMERAL_FIRST + (start + tried) % count;
      if (!ports.containsKey(port)) {
        return port;
      }
    }
    throw ErrnoException.of(Errno.EADDRINUSE);
  }

  private boolean conflicts(Binding added) {
    for (Binding other : ports.getOrDefault(added.address.port(), List.of())) {
      if (other != added && overlaps(added, other) && !mayShare(added, other)) {
        return true;
      }
    }
    return false;
  }

  private boolean mayShare(Binding one, Binding other) {
    boolean otherListens = listeningMatters && other.listening;
    return (one.reuseAddress && other.reuseAddress && !otherListens)
        || (one.reusePort && other.reusePort && one.uid == other.uid);
  }

  private static boolean overlaps(Binding one, Binding other) {
    if (one.address.isV4() == other.address.isV4()) {
      return one.address.isAny() || other.address.isAny() || one.address.isSameHost(other.address);
    }
    Binding v6 = one.address.isV4() ? other : one;
    return v6.address.isAny() && !v6.v6Only;
  }

  /**
   * Marks a binding as listening.
   *
   * @throws ErrnoException EADDRINUSE if another one that shares the port listens already
   */
  synchronized void listen(Binding binding) {
    binding.listening = true;
    if (conflicts(binding)) {
      binding.listening = false;
      throw ErrnoException.of(Errno.EADDRINUSE);
    }
  }

  /** Ends {@link #listen}. */
  synchronized void stopListening(Binding binding) {
    binding.listening = false;
  }

  /** Restricts a binding to what comes from one peer, or lifts that with null. */
  synchronized void connect(Binding binding, InternetAddress peer) {
    binding.peer = peer;
  }

  /** Gives a binding back. */
  synchronized void release(Binding binding) {
    List<Binding> sharing = ports.get(binding.address.port());
    if (sharing != null && sharing.remove(binding) && sharing.isEmpty()) {
      ports.remove(binding.address.port());
    }
  }

  /** The socket that listens for connections to an address, or null. */
  synchronized SocketDescription listener(InternetAddress destination) {
    return best(destination, null, true);
  }

  /** The socket that gets a datagram, or null. */
  synchronized SocketDescription receiver(InternetAddress destination, InternetAddress source) {
    return best(destination, source, false);
  }

  /** Whether any socket listens on a port. */
  synchronized boolean hasListener(int port) {
    return ports.getOrDefault(port, List.of()).stream().anyMatch(binding -> binding.listening);
  }

  private SocketDescription best(
      InternetAddress destination, InternetAddress source, boolean listening) {
    int bestScore = -1;
    int equals = 0;
    SocketDescription best = null;
    for (Binding binding : ports.getOrDefault(destination.port(), List.of())) {
      int score = binding.listening == listening ? score(binding, destination, source) : -1;
      if (score > bestScore) {
        bestScore = score;
        best = binding.owner;
        equals = 1;
      } else if (score == bestScore && score >= 0 && binding.reusePort) {
        // Sockets that share a port take turns, where Linux would hash the connection.
        equals++;
        if (Math.floorMod(turn++, equals) == 0) {
          best = binding.owner;
        }
      }
    }
    return best;
  }

  /** How well a binding fits a destination; negative if it does not. */
  private static int score(Binding binding, InternetAddress destination, InternetAddress source) {
    int score;
    if (binding.address.isSameHost(destination)) {
      score = 2;
    } else if (!binding.address.isAny()) {
      return -1;
    } else if (binding.address.isV4() == destination.isV4()) {
      score = 1;
    } else if (destination.isV4() && !binding.v6Only) {
      score = 0;
    } else {
      return -1;
    }
    if (binding.peer == null) {
      return score;
    }
    boolean fromPeer =
        source != null && binding.peer.isSameHost(source) && binding.peer.port() == source.port();
    return fromPeer ? score + 4 : -1;
  }
}
