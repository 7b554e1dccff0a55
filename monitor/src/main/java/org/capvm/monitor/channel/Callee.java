package org.capvm.monitor.channel;

import java.util.Optional;
import org.capvm.monitor.gate.CallTarget;

/**
 * What runs an exported function, on the thread of whoever calls.
 *
 * <p>Threads: any, several at a time.
 */
public interface Callee {
  /**
   * Runs the function.
   *
   * @param words its arguments; nothing else of the caller's reaches it
   * @param invocation the call, which may be cut short
   * @return what the function returned
   * @throws org.capvm.monitor.capability.CapabilityException the invocation's reason if it was cut
   *     short, OWNER_GONE if the function ended in any other way than by returning
   */
  long call(long[] words, Invocation invocation);

  /**
   * The contexts lent to calls that need no Java; empty for a function that is Java itself.
   *
   * @return the same each time; open until {@link #ended}
   */
  default Optional<CallTarget> target() {
    return Optional.empty();
  }

  /** The function is not exported any more, and no call begins. */
  void ended();
}
