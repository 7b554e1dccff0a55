package org.capvm.libos.process;

/** The terminal that the processes of a session have in common: credentials(7). Threads: any. */
public interface ControllingTerminal {
  /** Its device number, as {@code /proc/PID/stat} shows it. */
  long deviceNumber();

  /** The process group that may read and gets the terminal's signals, or 0. */
  int foregroundGroup();

  /** The leader of the session has ended: no process of it has the terminal any more. */
  void leaderEnded();
}
