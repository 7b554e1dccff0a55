package org.capvm.libos.process;

/**
 * How a process ended.
 *
 * @param code what it gave to {@code exit}, 0 to 255; 0 if a signal ended it
 * @param signal the signal that ended it, or 0
 * @param coreDumped whether the status says that there is a core file
 */
public record ExitStatus(int code, int signal, boolean coreDumped) {
  private static final int SIGNAL_BASE = 128;
  private static final int CORE_FLAG = 0x80;

  /** Ended by {@code exit}; the low 8 bits count. */
  public static ExitStatus exited(int code) {
    return new ExitStatus(code & 0xff, 0, false);
  }

  /** Ended by a signal. */
  public static ExitStatus killed(int signal, boolean coreDumped) {
    return new ExitStatus(0, signal, coreDumped);
  }

  /** What {@code wait4} stores. */
  public int waitStatus() {
    return code << 8 | signal | (coreDumped ? CORE_FLAG : 0);
  }

  /** What a shell reports in {@code $?}. */
  public int shellStatus() {
    return signal == 0 ? code : SIGNAL_BASE + signal;
  }
}
