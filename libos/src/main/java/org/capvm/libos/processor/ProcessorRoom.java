package org.capvm.libos.processor;

/**
 * The processors of one cVM: those its guests see, and those its tasks may run on at the moment,
 * which are as many or fewer and may be others. Threads: any.
 */
public final class ProcessorRoom {
  private final ProcessorSet visible;
  private volatile ProcessorSet processors;
  private volatile boolean everNarrowed;

  /**
   * Room to begin with.
   *
   * @param limit how many processors the cVM may have at most, above 0
   */
  public ProcessorRoom(int limit) {
    visible = ProcessorSet.below(Math.min(limit, HostProcessors.count()));
    processors = visible;
    everNarrowed = !visible.equals(HostProcessors.all());
  }

  /** What guests see, from 0 on: as many as the cVM may have. */
  public ProcessorSet visible() {
    return visible;
  }

  /** Whether guests see processors by the numbers that the host gives them. */
  public boolean hasNumbersOfHost() {
    return HostProcessors.haveNumbersOfHost() && visible.equals(HostProcessors.all());
  }

  /** The number that guests see of a processor of the host. */
  public int numberOf(int hostNumber) {
    return HostProcessors.numberOf(hostNumber) % visible.count();
  }

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
    return both.isEmpty() || asked.equals(visible) ? room : both;
  }
}
