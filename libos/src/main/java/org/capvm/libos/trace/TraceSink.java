package org.capvm.libos.trace;

import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalInfo;

/** Hears of every system call and signal of a cVM. Called on the thread of the task concerned. */
public interface TraceSink {
  /** A call is about to be carried out; six arguments. */
  void entered(Task task, int number, long[] arguments);

  /** A call is over, or was interrupted. */
  void left(Task task, int number, long[] arguments, long result);

  /** A signal is delivered. */
  void signal(Task task, SignalInfo info);
}
