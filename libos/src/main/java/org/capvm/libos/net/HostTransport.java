package org.capvm.libos.net;

import static org.capvm.libos.abi.MessageFlags.MSG_DONTWAIT;
import static org.capvm.libos.abi.MessageFlags.MSG_NOSIGNAL;
import static org.capvm.libos.abi.MessageFlags.MSG_PEEK;
import static org.capvm.libos.file.PollEvents.POLLERR;
import static org.capvm.libos.file.PollEvents.POLLHUP;
import static org.capvm.libos.file.PollEvents.POLLOUT;
import static org.capvm.libos.file.PollEvents.POLLPRI;
import static org.capvm.libos.file.PollEvents.POLLRDHUP;
import static org.capvm.libos.file.PollEvents.READABLE;
import static org.capvm.libos.file.PollEvents.WRITABLE;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.SocketOptionNames;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.host.HostSockets;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.Task;

/**
 * A connection of the host's: every call is one host call that copies straight between the guest's
 * memory and the host's socket. Owns the descriptor, which never blocks, whatever the guest's flag.
 */
final class HostTransport implements StreamTransport {
  private static final int ALL_EVENTS =
      READABLE | WRITABLE | POLLPRI | POLLERR | POLLHUP | POLLRDHUP;

  private final int descriptor;

  /**
   * @param descriptor a non-blocking stream socket of the host
   */
  HostTransport(int descriptor) {
    this.descriptor = descriptor;
  }

  @Override
  public long send(IoBuffer source, long position, Ancillary ancillary) {
    if (ancillary != null && ancillary.hasFiles()) {
      return -Errno.EPERM;
    }
    IoBuffer rest = position == 0 ? source : source.slice(position, source.length() - position);
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    return rest.isOnePiece()
        ? HostSockets.send(descriptor, rest.hostAddress(), rest.length(), flags)
        : HostSockets.sendVector(descriptor, rest.writeVector(), flags);
  }

  @Override
  public long receive(IoBuffer destination, long position, boolean peek, Received received) {
    IoBuffer rest =
        position == 0 ? destination : destination.slice(position, destination.length() - position);
    int flags = peek ? MSG_DONTWAIT | MSG_PEEK : MSG_DONTWAIT;
    if (rest.isOnePiece()) {
      long address = rest.hostAddress();
      return rest.storing(() -> HostSockets.receive(descriptor, address, rest.length(), flags));
    }
    return rest.storing(() -> HostSockets.receiveVector(descriptor, rest.writeVector(), flags));
  }

  @Override
  public boolean await(Task task, int events, long deadlineNanos) {
    while (task.awaitHost(descriptor, events, deadlineNanos) == 0) {
      if (deadlineNanos != Task.NEVER && System.nanoTime() >= deadlineNanos) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int readiness() {
    return HostSockets.poll(descriptor, ALL_EVENTS);
  }

  /** Whether a connect call of the host is over, well or not. */
  boolean isSettled() {
    return (readiness() & (POLLOUT | POLLERR | POLLHUP)) != 0;
  }

  @Override
  public boolean hasPeer() {
    return HostSockets.peerName(descriptor).length > 0;
  }

  @Override
  public int takeError() {
    return HostSockets.takeError(descriptor);
  }

  @Override
  public void shutdown(int directions) {
    // SHUT_RD is 0, SHUT_WR 1 and SHUT_RDWR 2: one less than the bits.
    HostSockets.shutdown(descriptor, directions - 1);
  }

  @Override
  public void close(boolean reset) {
    if (reset) {
      HostSockets.lingerNot(descriptor);
    }
    Hostcalls.close(descriptor);
  }

  @Override
  public long readableBytes() {
    return HostSockets.readableBytes(descriptor);
  }

  @Override
  public long unsentBytes() {
    return HostSockets.unsentBytes(descriptor);
  }

  @Override
  public void setBufferSizes(long sendBytes, long receiveBytes) {
    // The host doubles what it is asked for, as was done already.
    HostSockets.setOption(
        descriptor,
        SocketOptionNames.SOL_SOCKET,
        SocketOptionNames.SO_SNDBUF,
        (int) (sendBytes / 2));
    HostSockets.setOption(
        descriptor,
        SocketOptionNames.SOL_SOCKET,
        SocketOptionNames.SO_RCVBUF,
        (int) (receiveBytes / 2));
  }

  /** Sets an option on the host's socket. */
  void setOption(StoredOption option, int value) {
    HostSockets.setOption(descriptor, option.level(), option.name(), value);
  }

  @Override
  public int hostDescriptor() {
    return descriptor;
  }
}
