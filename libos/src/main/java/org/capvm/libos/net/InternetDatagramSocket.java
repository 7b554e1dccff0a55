package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_INET;
import static org.capvm.libos.abi.AddressFamily.AF_INET6;
import static org.capvm.libos.abi.AddressFamily.AF_UNSPEC;
import static org.capvm.libos.abi.MessageFlags.MSG_DONTWAIT;
import static org.capvm.libos.abi.MessageFlags.MSG_NOSIGNAL;
import static org.capvm.libos.abi.MessageFlags.MSG_PEEK;
import static org.capvm.libos.abi.MessageFlags.MSG_TRUNC;
import static org.capvm.libos.abi.SocketOptionNames.IPPROTO_IP;
import static org.capvm.libos.abi.SocketOptionNames.IPPROTO_IPV6;
import static org.capvm.libos.abi.SocketOptionNames.IPV6_RECVHOPLIMIT;
import static org.capvm.libos.abi.SocketOptionNames.IPV6_RECVPKTINFO;
import static org.capvm.libos.abi.SocketOptionNames.IPV6_RECVTCLASS;
import static org.capvm.libos.abi.SocketOptionNames.IPV6_TCLASS;
import static org.capvm.libos.abi.SocketOptionNames.IPV6_UNICAST_HOPS;
import static org.capvm.libos.abi.SocketOptionNames.IP_PKTINFO;
import static org.capvm.libos.abi.SocketOptionNames.IP_RECVTOS;
import static org.capvm.libos.abi.SocketOptionNames.IP_RECVTTL;
import static org.capvm.libos.abi.SocketOptionNames.IP_TOS;
import static org.capvm.libos.abi.SocketOptionNames.IP_TTL;
import static org.capvm.libos.abi.SocketOptionNames.SOL_SOCKET;
import static org.capvm.libos.abi.SocketOptionNames.SO_BROADCAST;
import static org.capvm.libos.abi.SocketType.SOCK_DGRAM;
import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.Task;

/**
 * A UDP socket. Datagrams for the loopback go from queue to queue and are dropped where a queue is
 * full. Where the configuration allows it, the first destination elsewhere gives the socket one of
 * the host's, and from then on it receives from there.
 */
final class InternetDatagramSocket extends DatagramSocket {
  private static final StoredOption HOPS_OF_IPV4 = StoredOption.of(IPPROTO_IP, IP_TTL);
  private static final StoredOption HOPS_OF_IPV6 = StoredOption.of(IPPROTO_IPV6, IPV6_UNICAST_HOPS);
  private static final StoredOption CLASS_OF_IPV4 = StoredOption.of(IPPROTO_IP, IP_TOS);
  private static final StoredOption CLASS_OF_IPV6 = StoredOption.of(IPPROTO_IPV6, IPV6_TCLASS);
  private static final List<StoredOption> DETAILS_ASKED =
      List.of(
          StoredOption.of(IPPROTO_IP, IP_RECVTTL),
          StoredOption.of(IPPROTO_IP, IP_RECVTOS),
          StoredOption.of(IPPROTO_IP, IP_PKTINFO),
          StoredOption.of(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
          StoredOption.of(IPPROTO_IPV6, IPV6_RECVTCLASS),
          StoredOption.of(IPPROTO_IPV6, IPV6_RECVPKTINFO));

  private static final int DEFAULT_BYTES = 212_992;
  private static final int MOST_PAYLOAD_BYTES = 65_507;

  private final PortSpace ports;

  // Guarded by this object's monitor; the volatile ones are read without it.
  private PortSpace.Binding binding;
  private volatile InternetAddress local;
  private volatile InternetAddress remote;
  private volatile OutsideSocket outside;

  /**
   * @param protocol UDP's or UDP-Lite's
   */
  InternetDatagramSocket(NetworkNamespace network, int family, int protocol) {
    super(network, family, SOCK_DGRAM, protocol, new SocketOptions(DEFAULT_BYTES, DEFAULT_BYTES));
    ports = network.datagrams(protocol);
  }

  @Override
  void bind(Task task, byte[] bytes) {
    InternetAddress address = InternetAddress.parse(bytes, family());
    network().requireLocal(address);
    network().requirePort(task, address.port());
    synchronized (this) {
      if (binding != null) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      bindTo(task, address);
    }
  }

  private synchronized void bindTo(Task task, InternetAddress address) {
    if (binding == null) {
      binding = ports.bind(this, address, PeerCredentials.of(task).uid());
      local = binding.address();
    }
  }

  @Override
  byte[] localName() {
    InternetAddress address = local;
    return (address != null ? address : InternetAddress.any(family(), 0)).encode();
  }

  @Override
  byte[] peerName() {
    InternetAddress peer = remote;
    if (peer == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    return peer.encode();
  }

  @Override
  long connect(Task task, byte[] bytes) {
    if (InternetAddress.familyOf(bytes) == AF_UNSPEC) {
      return disconnect();
    }
    InternetAddress destination = InternetAddress.parse(bytes, family()).asDestination();
    requireReachable(destination);
    synchronized (this) {
      bindTo(task, InternetAddress.any(family(), 0));
      SocketDescription found = ports.receiver(destination, sourceFor(destination));
      if (network().isOutside(destination, found)) {
        ErrnoException.check(outside().connect(destination));
        local = outside.localAddress().as(family());
      } else if (binding.address().isAny()) {
        local = sourceFor(destination).as(family());
      }
      remote = destination.as(family());
      ports.connect(binding, remote);
    }
    return 0;
  }

  private long disconnect() {
    synchronized (this) {
      if (remote != null) {
        if (outside != null) {
          outside.disconnect();
        }
        remote = null;
        ports.connect(binding, null);
        local = binding.address();
      }
    }
    return 0;
  }

  private void requireReachable(InternetAddress destination) {
    boolean mapped = family() == AF_INET6 && options().v6Only() && destination.isV4();
    if (mapped || (destination.isMulticastOrBroadcast() && !destination.isV4())) {
      throw ErrnoException.of(Errno.ENETUNREACH);
    }
    if (!destination.isLoopback()) {
      if ((int) destination.low() == -1
          && destination.isV4()
          && options().get(StoredOption.of(SOL_SOCKET, SO_BROADCAST)) == 0) {
        throw ErrnoException.of(Errno.EACCES);
      }
      network().requireOutside();
    }
  }

  /**
   * The host's socket, opened when first needed. Its port is of the host's choice: what is bound in
   * the cVM must not receive what comes to the host at a port of that number.
   */
  private synchronized OutsideSocket outside() {
    if (outside == null) {
      OutsideSocket opened = OutsideSocket.open(family(), SOCK_DGRAM);
      opened.apply(options());
      if (!binding.address().isAny()) {
        try {
          opened.bindAddress(binding.address());
        } catch (ErrnoException e) {
          Hostcalls.close(opened.descriptor());
          throw e;
        }
      }
      outside = opened;
      becameHostPolled(opened.descriptor());
    }
    return outside;
  }

  private InternetAddress sourceFor(InternetAddress destination) {
    InternetAddress bound = binding.address();
    return bound.isAny()
        ? InternetAddress.loopback(destination.isV4() ? AF_INET : AF_INET6, bound.port())
        : bound;
  }

  @Override
  long send(Task task, IoBuffer buffer, int flags, byte[] address, Ancillary ancillary) {
    InternetAddress destination = remote;
    if (address != null) {
      destination = InternetAddress.parse(address, family()).asDestination();
      if (destination.port() == 0) {
        return -Errno.EINVAL;
      }
    } else if (destination == null) {
      return -Errno.EDESTADDRREQ;
    }
    if (buffer.length() > MOST_PAYLOAD_BYTES) {
      return -Errno.EMSGSIZE;
    }
    int error = takeError();
    if (error != 0) {
      return -error;
    }
    if (isShut(StreamTransport.SEND_SHUT)) {
      return -Errno.EPIPE;
    }
    requireReachable(destination);
    if (binding == null) {
      bindTo(task, InternetAddress.any(family(), 0));
    }
    InternetAddress source = sourceFor(destination);
    SocketDescription receiver = ports.receiver(destination, source);
    if (network().isOutside(destination, receiver)) {
      return sendOutside(buffer, destination);
    }
    if (!(receiver instanceof InternetDatagramSocket target)) {
      refused(destination);
      return buffer.length();
    }
    byte[] from = source.as(target.family()).encode();
    // What does not fit is dropped, as a network may do.
    target.incoming().write(buffer, 0, target.detailsFrom(this, destination, ancillary), from);
    return buffer.length();
  }

  /** What this socket wants to know of a packet from another, or null for nothing. */
  private Ancillary detailsFrom(
      InternetDatagramSocket sender, InternetAddress destination, Ancillary wishes) {
    boolean asked = false;
    for (StoredOption option : DETAILS_ASKED) {
      asked |= options().get(option) != 0;
    }
    if (!asked) {
      return null;
    }
    PacketDetails wish = wishes == null ? PacketDetails.NONE : wishes.packet();
    SocketOptions its = sender.options();
    boolean six = sender.family() == AF_INET6;
    int hops = wish.hopLimit();
    if (hops < 0) {
      hops = its.get(six ? HOPS_OF_IPV6 : HOPS_OF_IPV4);
    }
    int trafficClass = wish.trafficClass();
    if (trafficClass < 0) {
      trafficClass = its.get(six ? CLASS_OF_IPV6 : CLASS_OF_IPV4);
    }
    return Ancillary.of(
        new PacketDetails(
            destination, hops < 0 ? HOPS_OF_IPV6.initial() : hops, Math.max(trafficClass, 0)));
  }

  /** Nobody is there: a connected socket hears of it later. */
  private void refused(InternetAddress destination) {
    InternetAddress peer = remote;
    if (peer != null && peer.isSameHost(destination) && peer.port() == destination.port()) {
      setPendingError(Errno.ECONNREFUSED);
      waiters().announce(POLLERR | READABLE | WRITABLE);
    }
  }

  private long sendOutside(IoBuffer buffer, InternetAddress destination) {
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    OutsideSocket host = outside();
    return HostSockets.sendVectorTo(
        host.descriptor(), buffer.writeVector(), flags, host.name(destination));
  }

  @Override
  long receive(Task task, IoBuffer buffer, int flags, Received received) {
    if (outside == null) {
      return super.receive(task, buffer, flags, received);
    }
    int descriptor = outside.descriptor();
    long timeout = options().receiveTimeoutNanos();
    long deadline = SocketOptions.deadline(timeout);
    int hostFlags = MSG_DONTWAIT | (flags & (MSG_PEEK | MSG_TRUNC));
    while (true) {
      long count =
          buffer.storing(
              () ->
                  HostSockets.receiveVectorFrom(
                      descriptor,
                      buffer.writeVector(),
                      hostFlags,
                      (address, resultFlags) -> {
                        if (received != null) {
                          received.setSource(HostAddresses.decode(address).as(family()).encode());
                          received.addFlags(resultFlags & MSG_TRUNC);
                        }
                      }));
      if (count != -Errno.EAGAIN || mustNotWait(flags)) {
        return count;
      }
      try {
        int ready = task.awaitHost(descriptor, POLLIN, deadline);
        if (ready == 0 && deadline != Task.NEVER && System.nanoTime() >= deadline) {
          return -Errno.EAGAIN;
        }
      } catch (ErrnoException e) {
        throw interrupted(e, timeout);
      }
    }
  }

  @Override
  void shutdown(int directions) {
    if (remote == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    super.shutdown(directions);
  }

  @Override
  public int readiness() {
    return hostDescriptor() < 0
        ? super.readiness()
        : HostSockets.poll(hostDescriptor(), READABLE | WRITABLE);
  }

  @Override
  public boolean isHostPolled() {
    return outside != null;
  }

  @Override
  public int hostDescriptor() {
    OutsideSocket host = outside;
    return host == null ? -1 : host.descriptor();
  }

  @Override
  protected void close() {
    incoming().abandon();
    synchronized (this) {
      if (binding != null) {
        ports.release(binding);
        binding = null;
      }
      if (outside != null) {
        Hostcalls.close(outside.descriptor());
      }
    }
  }
}
