package org.capvm.libos.net;

import static org.capvm.libos.abi.SocketOptionNames.*;

import java.util.HashMap;
import java.util.Map;

/**
 * A socket option that is an integer, kept and handed back. In memory it has no effect, because
 * what it tunes (segments, probes, routes) is not there; on a host socket it is passed to the host.
 *
 * @param initial the value before it is set
 * @param least the smallest value taken, EINVAL below
 * @param most the largest value taken, EINVAL above
 * @param isFlag whether any value but 0 counts as 1
 */
record StoredOption(int level, int name, int initial, int least, int most, boolean isFlag) {
  private static final Map<Long, StoredOption> ALL = new HashMap<>();

  static {
    flag(SOL_SOCKET, SO_DEBUG, 0);
    flag(SOL_SOCKET, SO_DONTROUTE, 0);
    flag(SOL_SOCKET, SO_BROADCAST, 0);
    flag(SOL_SOCKET, SO_KEEPALIVE, 0);
    flag(SOL_SOCKET, SO_OOBINLINE, 0);
    flag(SOL_SOCKET, SO_NO_CHECK, 0);
    flag(SOL_SOCKET, SO_TIMESTAMP, 0);
    flag(SOL_SOCKET, SO_TIMESTAMPNS, 0);
    flag(SOL_SOCKET, SO_PASSSEC, 0);
    number(SOL_SOCKET, SO_PRIORITY, 0, 0, 6);
    number(SOL_SOCKET, SO_MARK, 0, Integer.MIN_VALUE, Integer.MAX_VALUE);
    number(SOL_SOCKET, SO_RCVLOWAT, 1, 0, Integer.MAX_VALUE);
    number(SOL_SOCKET, SO_BUSY_POLL, 0, 0, Integer.MAX_VALUE);
    number(SOL_SOCKET, SO_INCOMING_CPU, -1, Integer.MIN_VALUE, Integer.MAX_VALUE);
    flag(IPPROTO_TCP, TCP_NODELAY, 0);
    flag(IPPROTO_TCP, TCP_CORK, 0);
    flag(IPPROTO_TCP, TCP_QUICKACK, 1);
    number(IPPROTO_TCP, TCP_MAXSEG, 65483, 0, 32767);
    number(IPPROTO_TCP, TCP_KEEPIDLE, 7200, 1, 32767);
    number(IPPROTO_TCP, TCP_KEEPINTVL, 75, 1, 32767);
    number(IPPROTO_TCP, TCP_KEEPCNT, 9, 1, 127);
    number(IPPROTO_TCP, TCP_SYNCNT, 6, 1, 127);
    number(IPPROTO_TCP, TCP_LINGER2, 60, Integer.MIN_VALUE, Integer.MAX_VALUE);
    number(IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, Integer.MIN_VALUE, Integer.MAX_VALUE);
    number(IPPROTO_TCP, TCP_WINDOW_CLAMP, 0, 0, Integer.MAX_VALUE);
    number(IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 0, Integer.MAX_VALUE);
    number(IPPROTO_TCP, TCP_NOTSENT_LOWAT, -1, Integer.MIN_VALUE, Integer.MAX_VALUE);
    number(IPPROTO_TCP, TCP_FASTOPEN, 0, 0, Integer.MAX_VALUE);
    number(IPPROTO_IP, IP_TOS, 0, 0, 255);
    number(IPPROTO_IP, IP_TTL, 64, 1, 255);
    number(IPPROTO_IP, IP_MTU_DISCOVER, 1, 0, 5);
    number(IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV, 0, 0, 65535);
    number(IPPROTO_UDPLITE, UDPLITE_RECV_CSCOV, 0, 0, 65535);
    flag(IPPROTO_IP, IP_RECVTOS, 0);
    flag(IPPROTO_IP, IP_RECVTTL, 0);
    flag(IPPROTO_IP, IP_PKTINFO, 0);
    flag(IPPROTO_IP, IP_RECVERR, 0);
    flag(IPPROTO_IP, IP_FREEBIND, 0);
    flag(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0);
    number(IPPROTO_IP, IP_MULTICAST_TTL, 1, 0, 255);
    flag(IPPROTO_IP, IP_MULTICAST_LOOP, 1);
    number(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, -1, 255);
    number(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1, -1, 255);
    flag(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
    number(IPPROTO_IPV6, IPV6_MULTICAST_IF, 0, 0, 1);
    number(IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1, 0, 5);
    flag(IPPROTO_IPV6, IPV6_RECVERR, 0);
    number(IPPROTO_IPV6, IPV6_TCLASS, 0, -1, 255);
    flag(IPPROTO_IPV6, IPV6_RECVTCLASS, 0);
    flag(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 0);
    flag(IPPROTO_IPV6, IPV6_RECVPKTINFO, 0);
  }

  private static void flag(int level, int name, int initial) {
    put(new StoredOption(level, name, initial, Integer.MIN_VALUE, Integer.MAX_VALUE, true));
  }

  private static void number(int level, int name, int initial, int least, int most) {
    put(new StoredOption(level, name, initial, least, most, false));
  }

  private static void put(StoredOption option) {
    ALL.put(key(option.level, option.name), option);
  }

  /** The option of a level and name, or null. */
  static StoredOption of(int level, int name) {
    return ALL.get(key(level, name));
  }

  private static long key(int level, int name) {
    return (long) level << 32 | Integer.toUnsignedLong(name);
  }
}
