package org.capvm.libos.net;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.BUFFER;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.OUT_BUFFER;
import static org.capvm.libos.ArgumentKind.OUT_FD_PAIR;
import static org.capvm.libos.ArgumentKind.OUT_SOCKET_ADDRESS;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.SOCKET_ADDRESS;
import static org.capvm.libos.ArgumentKind.SOCKET_DOMAIN;
import static org.capvm.libos.ArgumentKind.SOCKET_TYPE;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of the socket calls. */
public final class NetworkFamily implements SystemCallFamily {
  private static final String NO_URGENT = "no urgent data (MSG_OOB), no error queue (MSG_ERRQUEUE)";
  private static final String FAMILIES =
      "AF_INET and AF_INET6 (TCP, UDP), AF_UNIX, NETLINK_ROUTE for reading; raw and packet sockets:"
          + " EPERM";
  private static final String OPTIONS =
      "options that tune segments, probes and routes are kept, and passed on for host sockets; no"
          + " multicast groups, no socket filters";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 41 ->
          partial(
              41,
              "socket",
              (t, a, b, c, d, e, f) -> SocketCalls.create(t, (int) a, (int) b, (int) c),
              FAMILIES,
              SOCKET_DOMAIN,
              SOCKET_TYPE,
              INT);
      case 42 ->
          done(
              42,
              "connect",
              (t, a, b, c, d, e, f) -> SocketCalls.connect(t, (int) a, b, (int) c),
              FD,
              SOCKET_ADDRESS,
              INT);
      case 43 ->
          done(
              43,
              "accept",
              (t, a, b, c, d, e, f) -> SocketCalls.accept(t, (int) a, b, c, 0),
              FD,
              OUT_SOCKET_ADDRESS,
              ADDRESS);
      case 44 ->
          partial(
              44,
              "sendto",
              (t, a, b, c, d, e, f) -> SocketCalls.sendTo(t, (int) a, b, c, (int) d, e, (int) f),
              NO_URGENT,
              FD,
              BUFFER,
              SIZE,
              HEX,
              SOCKET_ADDRESS,
              INT);
      case 45 ->
          partial(
              45,
              "recvfrom",
              (t, a, b, c, d, e, f) -> SocketCalls.receiveFrom(t, (int) a, b, c, (int) d, e, f),
              NO_URGENT,
              FD,
              OUT_BUFFER,
              SIZE,
              HEX,
              OUT_SOCKET_ADDRESS,
              ADDRESS);
      case 46 ->
          partial(
              46,
              "sendmsg",
              (t, a, b, c, d, e, f) -> MessageCalls.send(t, (int) a, b, (int) c),
              NO_URGENT,
              FD,
              ADDRESS,
              HEX);
      case 47 ->
          partial(
              47,
              "recvmsg",
              (t, a, b, c, d, e, f) -> MessageCalls.receive(t, (int) a, b, (int) c),
              NO_URGENT,
              FD,
              ADDRESS,
              HEX);
      case 48 ->
          done(
              48,
              "shutdown",
              (t, a, b, c, d, e, f) -> SocketCalls.shutdown(t, (int) a, (int) b),
              FD,
              INT);
      case 49 ->
          done(
              49,
              "bind",
              (t, a, b, c, d, e, f) -> SocketCalls.bind(t, (int) a, b, (int) c),
              FD,
              SOCKET_ADDRESS,
              INT);
      case 50 ->
          done(
              50,
              "listen",
              (t, a, b, c, d, e, f) -> SocketCalls.listen(t, (int) a, (int) b),
              FD,
              INT);
      case 51 ->
          done(
              51,
              "getsockname",
              (t, a, b, c, d, e, f) -> SocketCalls.localName(t, (int) a, b, c),
              FD,
              OUT_SOCKET_ADDRESS,
              ADDRESS);
      case 52 ->
          done(
              52,
              "getpeername",
              (t, a, b, c, d, e, f) -> SocketCalls.peerName(t, (int) a, b, c),
              FD,
              OUT_SOCKET_ADDRESS,
              ADDRESS);
      default -> laterRow(number);
    };
  }

  private static SystemCall laterRow(int number) {
    return switch (number) {
      case 53 ->
          done(
              53,
              "socketpair",
              (t, a, b, c, d, e, f) -> SocketCalls.pair(t, (int) a, (int) b, (int) c, d),
              SOCKET_DOMAIN,
              SOCKET_TYPE,
              INT,
              OUT_FD_PAIR);
      case 54 ->
          partial(
              54,
              "setsockopt",
              (t, a, b, c, d, e, f) ->
                  SocketOptionCalls.set(t, (int) a, (int) b, (int) c, d, (int) e),
              OPTIONS,
              FD,
              INT,
              INT,
              ADDRESS,
              INT);
      case 55 ->
          partial(
              55,
              "getsockopt",
              (t, a, b, c, d, e, f) -> SocketOptionCalls.get(t, (int) a, (int) b, (int) c, d, e),
              OPTIONS,
              FD,
              INT,
              INT,
              ADDRESS,
              ADDRESS);
      case 288 ->
          done(
              288,
              "accept4",
              (t, a, b, c, d, e, f) -> SocketCalls.accept(t, (int) a, b, c, (int) d),
              FD,
              OUT_SOCKET_ADDRESS,
              ADDRESS,
              SOCKET_TYPE);
      case 299 ->
          partial(
              299,
              "recvmmsg",
              (t, a, b, c, d, e, f) ->
                  MessageCalls.receiveSeveral(t, (int) a, b, (int) c, (int) d, e),
              NO_URGENT,
              FD,
              ADDRESS,
              INT,
              HEX,
              ADDRESS);
      case 307 ->
          partial(
              307,
              "sendmmsg",
              (t, a, b, c, d, e, f) -> MessageCalls.sendSeveral(t, (int) a, b, (int) c, (int) d),
              NO_URGENT,
              FD,
              ADDRESS,
              INT,
              HEX);
      default -> null;
    };
  }
}
