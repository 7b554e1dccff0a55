package org.capvm.libos.processor;

/** Who gets a share of the processors: a cVM, or the JVM itself. Threads: any. */
public interface ProcessorUser {
  /** How many processors it may have at most, above 0. */
  int processorLimit();

  /** How many processors it wants at the moment: about as many as it has tasks that could run. */
  double load();

  /**
   * How many bytes of the Java heap have been allocated for it since it began; the JVM's own work,
   * compiling and collecting garbage, comes of what does that.
   */
  long allocatedBytes();

  /**
   * Lets all of its tasks, those to come included, run on some processors alone.
   *
   * @param processors at least one
   */
  void confineTo(ProcessorSet processors);
}
