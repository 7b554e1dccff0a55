package org.capvm.libos.processor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who wanted how much of the processors lately, and what each was given: one look after the other.
 * What the JVM does on threads of its own counts as done by the one who allocates most of the Java
 * heap, and is done on the processors of that one. Not thread-safe.
 */
final class ProcessorShares {
  /** To move threads costs them their caches: so many looks in a row must ask for a change. */
  static final int LOOKS_BEFORE_CHANGE = 3;

  /** Whoever allocates less than this at a look gives the JVM nothing to do. */
  private static final double FEW_BYTES = 10_000;

  /** Who allocates about as much as the one the JVM works for does not become that one. */
  private static final double MUCH_MORE = 2;

  private final int processors;
  private final Share jvm;

  /** The one for whom the JVM works; null if it is nobody in particular. */
  private Share causer;

  /** In the order of their start. */
  private final Map<ProcessorUser, Share> shares = new LinkedHashMap<>();

  private int looksForChange;

  private static final class Share {
    final ProcessorUser user;
    final int limit;
    double load;

    /** At a look. */
    double allocation;

    private long allocatedBefore;
    private boolean seen;
    ProcessorSet given;

    Share(ProcessorUser user, int processors) {
      this.user = user;
      this.limit = Math.min(user.processorLimit(), processors);
      this.given = ProcessorSet.below(limit);
    }

    /** Returns what it does at the moment, which gets a weight in the averages. */
    double look(double weightOfNow) {
      // What nothing is known of yet is taken to go on as it begins.
      double weight = seen ? weightOfNow : 1;
      double now = user.load();
      load += (now - load) * weight;
      long allocated = user.allocatedBytes();
      allocation += (allocated - allocatedBefore - allocation) * weightOfNow;
      seen = true;
      allocatedBefore = allocated;
      return now;
    }

    void give(ProcessorSet set) {
      if (!set.equals(given)) {
        given = set;
        user.confineTo(set);
      }
    }
  }

  /**
   * Of nobody yet.
   *
   * @param processors how many there are
   * @param jvm the threads that work for all
   */
  ProcessorShares(int processors, ProcessorUser jvm) {
    this.processors = processors;
    this.jvm = new Share(jvm, processors);
  }

  int users() {
    return shares.size();
  }

  void add(ProcessorUser user) {
    shares.put(user, new Share(user, processors));
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
    for (Share share : shares.values()) {
      busy |= share.look(weight) > 0;
    }
    jvm.look(weight);
    findCauser();
    List<ProcessorSet> due = ProcessorDivision.of(wants(), processors);
    List<Share> all = List.copyOf(shares.values());
    ProcessorSet dueToJvm =
        causer == null ? ProcessorSet.below(jvm.limit) : due.get(all.indexOf(causer));
    boolean same = dueToJvm.equals(jvm.given);
    for (int i = 0; i < all.size(); i++) {
      same &= due.get(i).equals(all.get(i).given);
    }
    looksForChange = same ? 0 : looksForChange + 1;
    if (looksForChange == LOOKS_BEFORE_CHANGE) {
      looksForChange = 0;
      give(due);
      jvm.give(dueToJvm);
    }
    return busy;
  }

  private void findCauser() {
    if (!shares.containsValue(causer) || causer.allocation < FEW_BYTES) {
      causer = null;
    }
    for (Share share : shares.values()) {
      double needed = causer == null ? FEW_BYTES : causer.allocation * MUCH_MORE;
      if (share.allocation > needed) {
        causer = share;
      }
    }
  }

  private List<ProcessorDivision.Want> wants() {
    return shares.values().stream()
        .map(
            share ->
                new ProcessorDivision.Want(
                    share == causer ? share.load + jvm.load : share.load, share.limit))
        .toList();
  }

  /** Lets everybody have as many processors as it may. */
  void giveAll() {
    give(shares.values().stream().map(share -> ProcessorSet.below(share.limit)).toList());
    jvm.give(ProcessorSet.below(jvm.limit));
  }

  private void give(List<ProcessorSet> sets) {
    int next = 0;
    for (Share share : shares.values()) {
      share.give(sets.get(next++));
    }
  }
}
