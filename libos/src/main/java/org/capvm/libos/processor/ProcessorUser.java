package org.capvm.libos.processor;

/** Who gets a share of the processors: a cVM. Threads: any. */
public interface ProcessorUser {
  /** How many of its tasks run, or would if they had a processor, at the moment. */
  int runnableTasks();

  /**
   * Lets all of its tasks, those to come included, run on some processors alone.
   *
   * @param processors at least one
   */
  void confineTo(ProcessorSet processors);
}
