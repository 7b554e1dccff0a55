package org.capvm.libos.processor;

/** The processors that one cVM's tasks may run on at the moment. Threads: any. */
public final class ProcessorRoom {
  private volatile ProcessorSet processors = HostProcessors.all();
  private volatile boolean everNarrowed;

  /** All that there are. */
  public ProcessorRoom() {}

  /** Those of the moment, at least one. */
  public ProcessorSet processors() {
    return processors;
  }

  /**
   * Changes them. Tasks that run already stay where they are until {@link Affinity#apply}.
   *
   * @param changed at least one
   */
  public void set(ProcessorSet changed) {
    if (!changed.equals(HostProcessors.all())) {
      narrowed();
    }
    processors = changed;
  }

  /** Says, before it happens, that a thread of the cVM will not have all processors. */
  void narrowed() {
    everNarrowed = true;
  }

  /** Whether threads of the cVM may have others than all processors, from whoever made them. */
  boolean wasEverNarrowed() {
    return everNarrowed;
  }

  /** What a task gets that asks for a set: those, as far as there is room, else the whole room. */
  ProcessorSet forTask(ProcessorSet asked) {
    ProcessorSet room = processors;
    ProcessorSet both = asked.and(room);
    return both.isEmpty() ? room : both;
  }
}
