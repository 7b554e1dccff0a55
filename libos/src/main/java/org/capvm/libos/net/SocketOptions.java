package org.capvm.libos.net;

import java.util.HashMap;
import java.util.Map;
import org.capvm.libos.process.Task;

/**
 * The options of one socket. The ones that change what sockets in memory do are fields; the rest is
 * {@link StoredOption}s. Threads: any; each option changes on its own.
 */
final class SocketOptions {
  /** The least that {@code SO_SNDBUF} gives, as Linux doubles it. */
  static final int LEAST_SEND_BYTES = 4608;

  /** The least that {@code SO_RCVBUF} gives. */
  static final int LEAST_RECEIVE_BYTES = 2304;

  /** The most an unprivileged program may ask for: {@code net.core.wmem_max}. */
  static final int MOST_BYTES = 212_992;

  private final Map<StoredOption, Integer> stored = new HashMap<>();

  private volatile boolean reuseAddress;
  private volatile boolean reusePort;
  private volatile boolean passCredentials;
  private volatile boolean v6Only;
  private volatile boolean lingers;
  private volatile int lingerSeconds;
  private volatile int sendBytes;
  private volatile int receiveBytes;
  private volatile long sendTimeoutNanos;
  private volatile long receiveTimeoutNanos;

  /** The options of a new socket. */
  SocketOptions(int sendBytes, int receiveBytes) {
    this.sendBytes = sendBytes;
    this.receiveBytes = receiveBytes;
  }

  /** A copy, as accepted sockets get it from the listening one. */
  SocketOptions copy() {
    SocketOptions copy = new SocketOptions(sendBytes, receiveBytes);
    copy.reuseAddress = reuseAddress;
    copy.reusePort = reusePort;
    copy.passCredentials = passCredentials;
    copy.v6Only = v6Only;
    copy.lingers = lingers;
    copy.lingerSeconds = lingerSeconds;
    copy.sendTimeoutNanos = sendTimeoutNanos;
    copy.receiveTimeoutNanos = receiveTimeoutNanos;
    copy.stored.putAll(stored());
    return copy;
  }

  /** The stored options that were set. */
  Map<StoredOption, Integer> stored() {
    synchronized (stored) {
      return Map.copyOf(stored);
    }
  }

  int get(StoredOption option) {
    synchronized (stored) {
      return stored.getOrDefault(option, option.initial());
    }
  }

  void set(StoredOption option, int value) {
    synchronized (stored) {
      stored.put(option, value);
    }
  }

  boolean reuseAddress() {
    return reuseAddress;
  }

  void setReuseAddress(boolean value) {
    reuseAddress = value;
  }

  boolean reusePort() {
    return reusePort;
  }

  void setReusePort(boolean value) {
    reusePort = value;
  }

  /** Whether messages received come with their sender's credentials. */
  boolean passCredentials() {
    return passCredentials;
  }

  void setPassCredentials(boolean value) {
    passCredentials = value;
  }

  boolean v6Only() {
    return v6Only;
  }

  void setV6Only(boolean value) {
    v6Only = value;
  }

  /** Whether {@code SO_LINGER} is on. */
  boolean lingers() {
    return lingers;
  }

  int lingerSeconds() {
    return lingerSeconds;
  }

  void setLinger(boolean on, int seconds) {
    lingers = on;
    lingerSeconds = seconds;
  }

  /** Bytes that may wait on their way out. */
  int sendBytes() {
    return sendBytes;
  }

  /** Sets the send buffer from what the guest asked for. */
  void requestSendBytes(int wanted, boolean force) {
    sendBytes = doubled(wanted, LEAST_SEND_BYTES, force);
  }

  /** Bytes that may wait to be received. */
  int receiveBytes() {
    return receiveBytes;
  }

  /** Sets the receive buffer from what the guest asked for. */
  void requestReceiveBytes(int wanted, boolean force) {
    receiveBytes = doubled(wanted, LEAST_RECEIVE_BYTES, force);
  }

  private static int doubled(int wanted, int least, boolean force) {
    int limited = force ? Math.min(Math.max(wanted, 0), 1 << 29) : wanted;
    // Compared without sign, as Linux does: a negative wish means the most.
    if (!force && Integer.compareUnsigned(limited, MOST_BYTES) > 0) {
      limited = MOST_BYTES;
    }
    return Math.max(limited * 2, least);
  }

  /** 0 for none. */
  long sendTimeoutNanos() {
    return sendTimeoutNanos;
  }

  void setSendTimeoutNanos(long nanos) {
    sendTimeoutNanos = nanos;
  }

  /** 0 for none. */
  long receiveTimeoutNanos() {
    return receiveTimeoutNanos;
  }

  void setReceiveTimeoutNanos(long nanos) {
    receiveTimeoutNanos = nanos;
  }

  /** When a wait that starts now must end. */
  static long deadline(long timeoutNanos) {
    return timeoutNanos == 0 ? Task.NEVER : System.nanoTime() + timeoutNanos;
  }
}
