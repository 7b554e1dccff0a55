package org.capvm.libos.processor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who wanted how much of the processors lately, and what each was given: one look after the other.
 * What the JVM does on threads of its own counts as done by the one who allocates most of the Java
 * heap, and is done on the processors of that one; if nobody does, of the one who wants much more
 * than all others. Not thread-safe.
 *
 * <p>Whoever wants much at one moment and little at the next, as a program does that starts
 * hundreds of threads and waits for their end, is taken to want much for about another second: with
 * each division given up and found again it would be beside the others for a while. Who does
 * nothing is given nothing all the same; who does little keeps a processor so much longer.
 */
final class ProcessorShares {
  /** To move threads costs them their caches: so many looks in a row must ask for a change. */
  private static final int LOOKS_BEFORE_CHANGE = 3;

  /** Over about so long loads are averaged, as Linux averages its load over minutes. */
  private static final double AVERAGED_NANOS = 100e6;

  /** For about so long it counts that an average was higher. */
  private static final double REMEMBERED_NANOS = 1e9;

  /**
   * Whoever allocates less than this in a nanosecond, 1 MB a second, gives the JVM nothing to do.
   */
  private static final double FEW_BYTES = 1e-3;

  /** To ask hundreds of threads what they allocated takes longer than all else of a look. */
  private static final int LOOKS_BEFORE_ALLOCATION = 5;

  /** Who allocates or wants only about as much as another is not the one the JVM works for. */
  private static final double MUCH_MORE = 2;

  private final int processors;
  private final Share jvm;

  /** The one who allocates most; null if it is nobody in particular. */
  private Share causer;

  /** In the order of their start. */
  private final Map<ProcessorUser, Share> shares = new LinkedHashMap<>();

  private int looksForChange;
  private int looks;
  private double nanosBeforeAllocation;

  /** An average that goes up sooner than it goes down. */
  private static final class Average {
    double now;
    double lately;

    void add(double value, double nanos) {
      now += (value - now) * weight(nanos, AVERAGED_NANOS);
      lately = Math.max(now, lately + (now - lately) * weight(nanos, REMEMBERED_NANOS));
    }

    private static double weight(double nanos, double period) {
      return 1 - Math.exp(-nanos / period);
    }
  }

  private static final class Share {
    final ProcessorUser user;
    final int limit;
    final Average load = new Average();

    /** In bytes a nanosecond. */
    final Average allocation = new Average();

    private long allocatedBefore;
    private boolean seen;
    ProcessorSet given;

    Share(ProcessorUser user, int processors) {
      this.user = user;
      this.limit = Math.min(user.processorLimit(), processors);
      this.given = ProcessorSet.below(limit);
      this.allocatedBefore = user.allocatedBytes();
    }

    /** Returns whether it does anything at the moment. */
    boolean look(double nanos) {
      double now = user.load();
      // What nothing is known of yet is taken to go on as it begins.
      load.add(now, seen ? nanos : Double.POSITIVE_INFINITY);
      seen = true;
      return now > 0;
    }

    void lookAtAllocation(double nanos) {
      long allocated = user.allocatedBytes();
      allocation.add((allocated - allocatedBefore) / nanos, nanos);
      allocatedBefore = allocated;
    }

    boolean isBusy() {
      return load.now > ProcessorDivision.IDLE;
    }

    double wanted() {
      return isBusy() ? load.lately : 0;
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
    if (shares.remove(user) == causer) {
      causer = null;
    }
  }

  /**
   * Looks at what everybody does, and divides anew if it is time.
   *
   * @param nanos since the last look, above 0
   * @return whether anybody does anything
   */
  boolean look(double nanos) {
    boolean anyNow = false;
    boolean anyBegins = false;
    for (Share share : shares.values()) {
      boolean wasBusy = share.isBusy();
      anyNow |= share.look(nanos);
      anyBegins |= share.isBusy() && !wasBusy;
    }
    jvm.look(nanos);
    nanosBeforeAllocation += nanos;
    if (looks++ % LOOKS_BEFORE_ALLOCATION == 0) {
      findCauser(nanosBeforeAllocation);
      nanosBeforeAllocation = 0;
    }
    Share served = causer == null ? greediest() : causer;
    List<ProcessorSet> due = ProcessorDivision.of(wants(served), processors);
    List<Share> all = List.copyOf(shares.values());
    ProcessorSet dueToJvm =
        served == null ? ProcessorSet.below(jvm.limit) : due.get(all.indexOf(served));
    boolean same = dueToJvm.equals(jvm.given);
    for (int i = 0; i < all.size(); i++) {
      same &= due.get(i).equals(all.get(i).given);
    }
    looksForChange = same ? 0 : looksForChange + 1;
    // Whoever begins has nothing to lose by a move, and much by a wait behind the threads of
    // others.
    if (looksForChange == LOOKS_BEFORE_CHANGE || (!same && anyBegins)) {
      looksForChange = 0;
      give(due);
      jvm.give(dueToJvm);
    }
    return anyNow;
  }

  private void findCauser(double nanos) {
    shares.values().forEach(share -> share.lookAtAllocation(nanos));
    if (causer != null && causer.allocation.lately < FEW_BYTES) {
      causer = null;
    }
    for (Share share : shares.values()) {
      double needed = causer == null ? FEW_BYTES : causer.allocation.lately * MUCH_MORE;
      if (share.allocation.lately > needed) {
        causer = share;
      }
    }
  }

  /** The one who wants much more than any other; null if there is none. */
  private Share greediest() {
    Share greediest = null;
    double most = 0;
    double next = 0;
    for (Share share : shares.values()) {
      double wanted = share.wanted();
      if (wanted > most) {
        next = most;
        most = wanted;
        greediest = share;
      } else {
        next = Math.max(next, wanted);
      }
    }
    return most > next * MUCH_MORE ? greediest : null;
  }

  /**
   * What all want.
   *
   * @param served the one for whom the JVM works, or null
   */
  private List<ProcessorDivision.Want> wants(Share served) {
    return shares.values().stream()
        .map(
            share ->
                new ProcessorDivision.Want(
                    share == served ? share.wanted() + jvm.wanted() : share.wanted(), share.limit))
        .toList();
  }

  /** Whether the last look asked for no change. */
  boolean isSettled() {
    return looksForChange == 0;
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
