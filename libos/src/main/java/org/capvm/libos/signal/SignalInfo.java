package org.capvm.libos.signal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.libos.abi.Signal;

/**
 * What {@code siginfo_t} tells a handler: the three integers every signal has, and the union behind
 * them as its four 8-byte words (offsets 16 to 47), which is all that any kind of signal uses.
 *
 * @param signal 1 to 64
 * @param code {@code si_code}
 */
public record SignalInfo(
    int signal, int errno, int code, long word0, long word1, long word2, long word3) {
  /** Bytes of a {@code siginfo_t}. */
  public static final int BYTES = 128;

  /** Sent by {@code kill}. */
  public static SignalInfo fromUser(int signal, int pid, int uid) {
    return new SignalInfo(signal, 0, Signal.SI_USER, pair(pid, uid), 0, 0, 0);
  }

  /** Sent by {@code tkill} and {@code tgkill}. */
  public static SignalInfo fromThread(int signal, int pid, int uid) {
    return new SignalInfo(signal, 0, Signal.SI_TKILL, pair(pid, uid), 0, 0, 0);
  }

  /** Sent by the kernel, without details. */
  public static SignalInfo fromKernel(int signal) {
    return new SignalInfo(signal, 0, Signal.SI_KERNEL, 0, 0, 0, 0);
  }

  /** A fault at an address. */
  public static SignalInfo fault(int signal, int code, long guestAddress) {
    return new SignalInfo(signal, 0, code, guestAddress, 0, 0, 0);
  }

  /** A child changed state; times in clock ticks. */
  public static SignalInfo child(
      int signal, int code, int pid, int uid, int status, long userTicks, long systemTicks) {
    return new SignalInfo(
        signal, 0, code, pair(pid, uid), Integer.toUnsignedLong(status), userTicks, systemTicks);
  }

  /** A POSIX timer expired. */
  public static SignalInfo timer(int signal, int timerId, int overrun, long value) {
    return new SignalInfo(signal, 0, Signal.SI_TIMER, pair(timerId, overrun), value, 0, 0);
  }

  /** What the guest gives to {@code rt_sigqueueinfo}, for a signal. */
  public static SignalInfo fromBytes(int signal, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new SignalInfo(
        signal,
        in.getInt(4),
        in.getInt(8),
        in.getLong(16),
        in.getLong(24),
        in.getLong(32),
        in.getLong(40));
  }

  /** The {@code siginfo_t}. */
  public byte[] toBytes() {
    ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(signal).putInt(errno).putInt(code).putInt(0);
    out.putLong(word0).putLong(word1).putLong(word2).putLong(word3);
    return out.array();
  }

  /** The sender's process id, for signals that have a sender. */
  public int senderId() {
    return (int) word0;
  }

  private static long pair(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }
}
