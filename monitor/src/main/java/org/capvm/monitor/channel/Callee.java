package org.capvm.monitor.channel;

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

  /** The function is not exported any more. */
  void ended();
}
