package org.capvm.monitor.gate;

import org.capvm.machine.assemble.Memory;
import org.capvm.machine.host.ThreadLocalBlock;
import org.capvm.machine.layout.ContextLayout;

/**
 * The fields of the context that runs, in memory that is the host thread's own.
 *
 * @param distance where offset 0 of {@link ContextLayout} would be, from FS base; the fields from
 *     {@link ContextLayout#THREAD_START} to {@link ContextLayout#THREAD_END} are there
 */
record ThreadFields(int distance) {
  /** Those of this process's threads. */
  static ThreadFields ofProcess() {
    return new ThreadFields(ThreadLocalBlock.distance() - ContextLayout.THREAD_START);
  }

  /** The operand for a field. */
  Memory at(int field) {
    return Memory.fs(distance + field);
  }
}
