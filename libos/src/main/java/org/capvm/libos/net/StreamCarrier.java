package org.capvm.libos.net;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpStream;

/**
 * The two ends of a CP_Stream, and which capabilities they are used through: an end works as long
 * as its capability does.
 *
 * <p>An owner that has closed its end and then ends itself leaves the other side what was sent, as
 * a process does with a socket. In every other case the end of a capability cuts its end off.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
final class StreamCarrier implements CpStream.Carrier {
  private static final int OWNERS = 0;
  private static final int OPENED = 1;

  /**
   * Enough for the bytes to leave the writer's processor's cache before they are read: on an AMD
   * EPYC a ring of 1 MiB between two processors moves half as much again as one of 256 KiB.
   */
  private static final long ROOM_BYTES = 1 << 20;

  private final StreamEndpoint[] ends;
  private CpStream owner;
  private CpStream opener;

  /**
   * @param payer is charged with what is under way, in both directions: it decides how many streams
   *     it publishes
   */
  StreamCarrier(MemoryLimit payer) {
    ends =
        StreamEndpoint.pair(
            StreamEndpoint.Protocol.UNIX_STREAM,
            new WaitQueue[] {new WaitQueue(), new WaitQueue()},
            new long[] {ROOM_BYTES, ROOM_BYTES},
            new MemoryLimit[] {payer, payer},
            true);
  }

  StreamEnd publish(Compartment compartment, String name) {
    CpStream published = compartment.createStream(name, this);
    synchronized (this) {
      owner = published;
    }
    cutOffIfGone(published, OWNERS);
    return new StreamEnd(published, ends[OWNERS]);
  }

  StreamEnd take(CpStream through) {
    synchronized (this) {
      if (opener == null) {
        opener = through;
      }
    }
    if (!through.equals(opener())) {
      through.close();
      throw ErrnoException.of(Errno.EBUSY);
    }
    int shut =
        (through.permits(Permissions.READ) ? 0 : StreamTransport.RECEIVE_SHUT)
            | (through.permits(Permissions.WRITE) ? 0 : StreamTransport.SEND_SHUT);
    if (shut != 0) {
      ends[OPENED].shutdown(shut);
    }
    cutOffIfGone(through, OPENED);
    return new StreamEnd(through, ends[OPENED]);
  }

  /** It may have ended before its end was known. */
  private void cutOffIfGone(CpStream through, int end) {
    if (!through.isValid()) {
      ends[end].cutOff(Errno.EBADF);
    }
  }

  private synchronized CpStream owner() {
    return owner;
  }

  private synchronized CpStream opener() {
    return opener;
  }

  /** Whether a capability is the one that a stream was created with. */
  static boolean isOwners(CpStream capability) {
    return capability.carrier() instanceof StreamCarrier carrier
        && capability.equals(carrier.owner());
  }

  @Override
  public void ended(CpStream through, Reason reason) {
    boolean ownerLeft = ends[OWNERS].isClosed() && !ends[OWNERS].isCutOff();
    if (through.equals(owner())) {
      if (!ownerLeft) {
        ends[OWNERS].cutOff(Errno.EBADF);
      }
    } else if (through.equals(opener())) {
      if (reason == Reason.NOT_VALID) {
        ends[OPENED].cutOff(Errno.EBADF);
      } else if (!ownerLeft) {
        ends[OPENED].cutOff(Errno.EOWNERDEAD);
      }
    }
  }
}
