package org.capvm.libos.file.pty;

import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;

/**
 * Packet mode of a master (TIOCPKT): what it reads begins with a byte, which is either {@link
 * #TIOCPKT_DATA}, and output follows, or says by its bits what happened on the slave's side since
 * it was last told; see ioctl_tty(2). Guarded by the pseudo-terminal.
 */
final class PacketMode {
  /** Output follows. */
  static final byte TIOCPKT_DATA = 0;

  /** Input that programs had not read was dropped. */
  static final int TIOCPKT_FLUSHREAD = 0x01;

  /** Output that the screen had not read was dropped. */
  static final int TIOCPKT_FLUSHWRITE = 0x02;

  /** Output was stopped. */
  static final int TIOCPKT_STOP = 0x04;

  /** Output goes on. */
  static final int TIOCPKT_START = 0x08;

  /** Ctrl-S and Ctrl-Q do not stop and start output any more. */
  static final int TIOCPKT_NOSTOP = 0x10;

  /** They do. */
  static final int TIOCPKT_DOSTOP = 0x20;

  /** Settings of a terminal whose input the master edits (EXTPROC) were changed. */
  static final int TIOCPKT_IOCTL = 0x40;

  private final WaitQueue masterWaiters;
  private boolean on;
  private int happened;

  /**
   * Off.
   *
   * @param masterWaiters is told when the master has something to read
   */
  PacketMode(WaitQueue masterWaiters) {
    this.masterWaiters = masterWaiters;
  }

  boolean isOn() {
    return on;
  }

  /** Switches it; what happened before it was switched on is not told. */
  void set(boolean changed) {
    if (changed && !on) {
      happened = 0;
    }
    on = changed;
  }

  /** Notes that something happened. */
  void tell(int what) {
    if (on) {
      happened |= what;
      masterWaiters.announce(PollEvents.READABLE | PollEvents.POLLPRI);
    }
  }

  /** Notes one of two things that end each other: only the last one is told. */
  void tellInstead(int what, int former) {
    if (on) {
      happened &= ~former;
    }
    tell(what);
  }

  /** Whether there is something to tell. */
  boolean isPending() {
    return on && happened != 0;
  }

  /** What there is to tell, once. */
  byte take() {
    byte taken = (byte) happened;
    happened = 0;
    return taken;
  }
}
