package org.capvm.libos.net;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/**
 * The name of one AF_UNIX socket: none at first, then what it is bound to. A socket that was
 * accepted has that of the listening one, without being bound. Thread-safe.
 */
final class UnixName {
  private final SocketDescription owner;
  private volatile UnixAddress address = UnixAddress.UNNAMED;
  private UnixNames.Binding binding;

  /**
   * No name.
   *
   * @param owner the socket
   */
  UnixName(SocketDescription owner) {
    this.owner = owner;
  }

  UnixAddress address() {
    return address;
  }

  /** Whether this is a name that others find, or was, before a path's file was removed. */
  synchronized boolean isBound() {
    return binding != null;
  }

  /**
   * {@code bind}. To be bound to no name in particular means nothing to a socket that has one.
   *
   * @throws ErrnoException EINVAL if the socket is bound, or what {@link UnixNames#bind} gives
   */
  synchronized void bind(Task task, byte[] bytes) {
    UnixAddress wanted = UnixAddress.parse(bytes);
    if (binding == null) {
      binding = owner.network().unixNames().bind(task, owner, wanted);
      address = binding.address();
    } else if (!wanted.isUnnamed()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  /** Takes the name of the listening socket that the owner was accepted from. */
  void inherit(UnixName listening) {
    address = listening.address;
  }

  /** Ends {@link #bind}; what the socket is called stays. */
  synchronized void release() {
    if (binding != null) {
      owner.network().unixNames().release(binding, owner);
      binding = null;
    }
  }
}
