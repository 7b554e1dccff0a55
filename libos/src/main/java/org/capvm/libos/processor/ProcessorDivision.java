package org.capvm.libos.processor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Divides processors between cVMs by what they want, in max-min fair shares: whoever wants less
 * than an equal share gets that, and the others share the rest equally.
 *
 * <p>The host's scheduler shares out by threads. So whoever has many of them is kept away from the
 * others: each of the <em>greedy</em>, who want more than their share, gets processors of its own,
 * and all <em>modest</em> ones together get what is left. With more greedy ones than processors,
 * those with about as many threads as each other share one.
 *
 * <p>Processors are not divided if there are enough for all, or if there is nobody to divide with.
 */
final class ProcessorDivision {
  /**
   * Whoever has less to do than this, in processors, has nothing to do. It is on every processor,
   * and none is kept for it.
   */
  static final double IDLE = 0.05;

  /** A load is a mean. Somebody with a fifth of it to spare is not kept waiting by its peaks. */
  private static final double HEADROOM = 1.25;

  private final double[] loads;
  private final int processors;
  private final List<Integer> modest = new ArrayList<>();
  private final List<Integer> greedy = new ArrayList<>();

  private ProcessorDivision(double[] loads, int processors) {
    this.loads = loads;
    this.processors = processors;
  }

  /**
   * Divides.
   *
   * @param loads how many tasks each cVM could run, averaged over a short time; in the order in
   *     which the cVMs started
   * @param processors how many there are
   * @return one set for each, never empty
   */
  static List<ProcessorSet> of(double[] loads, int processors) {
    return new ProcessorDivision(loads, processors).divide();
  }

  private List<ProcessorSet> divide() {
    List<ProcessorSet> sets =
        new ArrayList<>(Collections.nCopies(loads.length, ProcessorSet.below(processors)));
    List<Integer> busy = new ArrayList<>();
    double wanted = 0;
    for (int i = 0; i < loads.length; i++) {
      if (loads[i] > IDLE) {
        busy.add(i);
        wanted += loads[i];
      }
    }
    if (busy.size() < 2 || processors == 1 || wanted <= processors) {
      return sets;
    }
    int forModest = forModest(classify(busy));
    for (int i = 0; i < greedy.size(); i++) {
      sets.set(greedy.get(i), share(i, forModest));
    }
    // With no processor to spare, the modest are beside the least greedy one.
    ProcessorSet left = forModest == 0 ? share(0, 0) : ProcessorSet.below(forModest);
    modest.forEach(i -> sets.set(i, left));
    return sets;
  }

  /**
   * Tells the modest from the greedy.
   *
   * @return what the modest want together
   */
  private double classify(List<Integer> busy) {
    busy.sort(Comparator.comparingDouble(i -> loads[i]));
    double given = 0;
    for (int i : busy) {
      double demand = HEADROOM * loads[i];
      double fairShare = (processors - given) / (busy.size() - modest.size());
      if (greedy.isEmpty() && demand <= fairShare) {
        modest.add(i);
        given += demand;
      } else {
        greedy.add(i);
      }
    }
    // Loads are never still: only one that doubles changes who is beside whom.
    greedy.sort(
        Comparator.<Integer>comparingLong(i -> Math.round(Math.log(loads[i]) / Math.log(2)))
            .thenComparing(Comparator.naturalOrder()));
    return given;
  }

  /** How many whole processors the modest get: at least one, if each of the greedy has one, too. */
  private int forModest(double wanted) {
    if (modest.isEmpty()) {
      return 0;
    }
    int least = greedy.size() < processors ? 1 : 0;
    return Math.clamp(Math.round(wanted), least, processors - 1);
  }

  /** Equal shares, end to end behind those of the modest, with bounds at whole processors. */
  private ProcessorSet share(int index, int first) {
    double width = (double) (processors - first) / greedy.size();
    if (width >= 1) {
      return ProcessorSet.range(bound(first + index * width), bound(first + (index + 1) * width));
    }
    int middle = (int) Math.ceil(first + (index + 0.5) * width) - 1;
    return ProcessorSet.range(middle, middle + 1);
  }

  private static int bound(double place) {
    return (int) Math.round(place);
  }
}
