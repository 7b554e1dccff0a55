package org.capvm.libos.processor;

/**
 * The processors of one task: those its program asked for, and those its thread has. The program is
 * told the former; the latter are what of them is in its cVM's room.
 *
 * <p>Threads: any. The lock keeps a thread from ending while its processors are changed: its id may
 * be another thread's afterwards.
 */
public final class Affinity {
  private final ProcessorRoom room;
  private ProcessorSet asked;
  private ProcessorSet inForce;
  private int hostThreadId;

  /** Of a task that has no thread yet, and asks for all processors. */
  public Affinity(ProcessorRoom room) {
    this.room = room;
    asked = room.visible();
  }

  /**
   * The task has a thread from now on, the calling one: new, with the processors of the thread that
   * made it, or one that had another task before.
   */
  public synchronized void attach(int ownHostThreadId) {
    hostThreadId = ownHostThreadId;
    inForce = room.wasEverNarrowed() ? null : HostProcessors.all();
    apply();
  }

  /** The task's thread is about to leave it. */
  public synchronized void detach() {
    hostThreadId = 0;
  }

  /** The processors that the program asked for; all, if it did not. */
  public synchronized ProcessorSet asked() {
    return asked;
  }

  /**
   * Asks for processors.
   *
   * @param processors at least one that there is
   * @return 0, or -errno of the host
   */
  public synchronized long ask(ProcessorSet processors) {
    asked = processors;
    return apply();
  }

  /**
   * Gives the thread what it is to have now.
   *
   * @return 0, or -errno of the host
   */
  public synchronized long apply() {
    ProcessorSet due = room.forTask(asked);
    if (hostThreadId == 0 || due.equals(inForce)) {
      return 0;
    }
    if (!due.equals(HostProcessors.all())) {
      room.narrowed();
    }
    inForce = due;
    return HostProcessors.confine(hostThreadId, due);
  }
}
