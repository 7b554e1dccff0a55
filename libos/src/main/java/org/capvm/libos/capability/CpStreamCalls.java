package org.capvm.libos.capability;

import org.capvm.libos.net.StreamEnd;
import org.capvm.libos.process.Task;

/** The calls that make and open streams. What they return is a descriptor. */
final class CpStreamCalls {
  private CpStreamCalls() {}

  /** Stores the owner's handle, with which the stream is granted, revoked and ended. */
  static long create(Task task, long name, long flags, long handleOut, long a3, long a4, long a5) {
    // Before anything happens, so that a bad place for the handle has no effect.
    task.memory().putLong(handleOut, 0);
    StreamEnd end =
        StreamEnd.create(
            CpFileCalls.compartment(task),
            CpFileCalls.name(task, name),
            task.libraryOs().memoryLimit());
    boolean done = false;
    try {
      int descriptor = end.install(task, (int) flags);
      task.memory().putLong(handleOut, end.capability().handle());
      done = true;
      return descriptor;
    } finally {
      if (!done) {
        end.capability().close();
      }
    }
  }

  static long open(Task task, long name, long flags, long a2, long a3, long a4, long a5) {
    StreamEnd end =
        StreamEnd.open(CpFileCalls.compartment(task), CpFileCalls.qualifiedName(task, name));
    return end.install(task, (int) flags);
  }
}
