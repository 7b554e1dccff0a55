package org.capvm.libos.file.poll;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalInfo;

/**
 * What {@code signalfd} makes: reads take signals that the reader blocks. A read looks at the
 * reader's own signals; readiness is that of the process that made it. Threads: any.
 */
public final class SignalDescriptor extends AnonymousDescription {
  private static final int INFO_BYTES = 128;
  private static final int SI_TIMER = -2;

  private final Process process;
  private final WaitQueue waiters = new WaitQueue();

  @SuppressWarnings("UnnecessaryLambda") // the listener is taken back by identity
  private final Runnable announcement = () -> waiters.announce(PollEvents.READABLE);

  private volatile long mask;

  /** A descriptor for a set of signals, bit n-1 for signal n. */
  public SignalDescriptor(Process process, long mask, int flags) {
    super("[signalfd]", flags | OpenFlags.O_RDWR);
    this.process = process;
    this.mask = mask;
    process.addSignalListener(announcement);
  }

  /** Replaces the set. */
  public void changeMask(long newMask) {
    mask = newMask;
    announcement.run();
  }

  @Override
  public boolean canWrite() {
    return false;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    if (buffer.length() < INFO_BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    while (true) {
      long done = 0;
      while (buffer.length() - done >= INFO_BYTES) {
        SignalInfo info = task.signals().take(mask);
        if (info == null) {
          break;
        }
        buffer.put(done, convert(info), 0, INFO_BYTES);
        done += INFO_BYTES;
      }
      if (done > 0) {
        return done;
      }
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      waiters.await(task, () -> (task.signals().allPending() & mask) != 0, Task.NEVER);
    }
  }

  /**
   * <pre>
   *   siginfo_t:        0 signo  4 errno  8 code  16 pid or timer or address  20 uid or overrun  24 value or status
   *   signalfd_siginfo: 0 signo  4 errno  8 code  12 pid  16 uid  24 tid  32 overrun  40 status  44 int  48 ptr  72 addr
   * </pre>
   */
  private static byte[] convert(SignalInfo info) {
    ByteBuffer from = ByteBuffer.wrap(info.toBytes()).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer to = ByteBuffer.allocate(INFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int signal = from.getInt(0);
    int code = from.getInt(8);
    to.putInt(0, signal).putInt(4, from.getInt(4)).putInt(8, code);
    boolean fault =
        code > 0
            && (signal == Signal.SIGSEGV
                || signal == Signal.SIGBUS
                || signal == Signal.SIGFPE
                || signal == Signal.SIGILL
                || signal == Signal.SIGTRAP);
    if (fault) {
      to.putLong(72, from.getLong(16));
    } else if (code == SI_TIMER) {
      to.putInt(24, from.getInt(16)).putInt(32, from.getInt(20));
      to.putInt(44, from.getInt(24)).putLong(48, from.getLong(24));
    } else {
      to.putInt(12, from.getInt(16)).putInt(16, from.getInt(20));
      if (signal == Signal.SIGCHLD && code > 0) {
        to.putInt(40, from.getInt(24));
      } else {
        to.putInt(44, from.getInt(24)).putLong(48, from.getLong(24));
      }
    }
    return to.array();
  }

  @Override
  public int readiness() {
    long pending = process.pendingSignals().set();
    for (Task task : process.tasks()) {
      pending |= task.signals().pending().set();
    }
    return (pending & mask) != 0 ? PollEvents.READABLE : 0;
  }

  @Override
  public WaitQueue waitQueue() {
    return waiters;
  }

  @Override
  protected void close() {
    process.removeSignalListener(announcement);
  }
}
