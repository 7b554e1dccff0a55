package org.capvm.libos.processor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who wanted how much of the processors lately, and what each was given: one look after the other.
 * Not thread-safe.
 */
final class ProcessorShares {
  /** To move threads costs them their caches: so many looks in a row must ask for a change. */
  static final int LOOKS_BEFORE_CHANGE = 3;

  private final int processors;

  /** In the order of their start. */
  private final Map<ProcessorUser, Share> shares = new LinkedHashMap<>();

  private int looksForChange;

  private static final class Share {
    final int limit;
    double load;
    ProcessorSet given;

    Share(int limit) {
      this.limit = limit;
      this.given = ProcessorSet.below(limit);
    }
  }

  ProcessorShares(int processors) {
    this.processors = processors;
  }

  int users() {
    return shares.size();
  }

  void add(ProcessorUser user) {
    shares.put(user, new Share(Math.min(user.processorLimit(), processors)));
  }

  void remove(ProcessorUser user) {
    shares.remove(user);
  }

  /**
   * Looks at what everybody does, and divides anew if it is time.
   *
   * @param weight of what is seen now in the averages, from 0 to 1
   * @return whether anybody does anything
   */
  boolean look(double weight) {
    boolean busy = false;
    for (Map.Entry<ProcessorUser, Share> entry : shares.entrySet()) {
      double load = entry.getKey().load();
      busy |= load > 0;
      Share share = entry.getValue();
      share.load += (load - share.load) * weight;
    }
    List<ProcessorSet> due = ProcessorDivision.of(wants(), processors);
    List<ProcessorSet> given = shares.values().stream().map(share -> share.given).toList();
    looksForChange = due.equals(given) ? 0 : looksForChange + 1;
    if (looksForChange == LOOKS_BEFORE_CHANGE) {
      looksForChange = 0;
      give(due);
    }
    return busy;
  }

  private List<ProcessorDivision.Want> wants() {
    return shares.values().stream()
        .map(share -> new ProcessorDivision.Want(share.load, share.limit))
        .toList();
  }

  /** Lets everybody have as many processors as it may. */
  void giveAll() {
    give(shares.values().stream().map(share -> ProcessorSet.below(share.limit)).toList());
  }

  private void give(List<ProcessorSet> sets) {
    int next = 0;
    for (Map.Entry<ProcessorUser, Share> entry : shares.entrySet()) {
      ProcessorSet set = sets.get(next++);
      if (!set.equals(entry.getValue().given)) {
        entry.getValue().given = set;
        entry.getKey().confineTo(set);
      }
    }
  }
}
