package org.capvm.libos.processor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Divides processors between cVMs by what they want, in max-min fair shares: whoever wants less
 * than an equal share gets that, and the others share the rest equally.
 *
 * <p>The host's scheduler shares out by threads. So whoever has many of them is kept away from the
 * others: each of the <em>greedy</em>, who want more than their share, and of the <em>filled</em>,
 * who want more than their limit, gets processors of its own, and all <em>modest</em> ones together
 * get what is left. With more greedy ones than processors, those with about as many threads as each
 * other share one.
 *
 * <p>Processors are not divided if there are enough for all, or if there is nobody to divide with.
 */
final class ProcessorDivision {
  /**
   * Whoever has less to do than this, in processors, has nothing to do. No processor is kept for
   * it.
   */
  static final double IDLE = 0.05;

  /** A load is a mean. Somebody with a fifth of it to spare is not kept waiting by its peaks. */
  private static final double HEADROOM = 1.25;

  private final List<Want> wants;
  private final int processors;
  private final ProcessorSet[] sets;
  private final List<Integer> busy = new ArrayList<>();
  private final List<Integer> modest = new ArrayList<>();
  private final List<Integer> filled = new ArrayList<>();
  private final List<Integer> greedy = new ArrayList<>();

  /**
   * What one cVM wants.
   *
   * @param load how many tasks it could run, averaged over a short time
   * @param limit how many processors it may have, above 0
   */
  record Want(double load, int limit) {
    /** How many processors it can make use of. */
    double usable() {
      return Math.min(load, limit);
    }

    /** How many it should have to be as fast as it could be. */
    double demand() {
      return Math.min(HEADROOM * load, limit);
    }

    boolean isFilled() {
      return HEADROOM * load > limit;
    }
  }

  private ProcessorDivision(List<Want> wants, int processors) {
    this.wants = wants;
    this.processors = processors;
    this.sets = new ProcessorSet[wants.size()];
  }

  /**
   * Divides.
   *
   * @param wants what each cVM wants, in the order in which the cVMs started
   * @param processors how many there are
   * @return one set for each, never empty and within its limit
   */
  static List<ProcessorSet> of(List<Want> wants, int processors) {
    return new ProcessorDivision(wants, processors).divide();
  }

  private List<ProcessorSet> divide() {
    double wanted = 0;
    for (int i = 0; i < sets.length; i++) {
      Want want = wants.get(i);
      sets[i] = cut(i, 0, processors);
      if (want.load() > IDLE) {
        busy.add(i);
        wanted += want.usable();
      }
    }
    if (busy.size() < 2 || processors == 1) {
      return List.of(sets);
    }
    if (wanted <= processors) {
      spreadLimited();
    } else {
      share(classify());
    }
    return List.of(sets);
  }

  /** There is enough for all: but those that may not be everywhere shall not be in one place. */
  private void spreadLimited() {
    int next = 0;
    for (int i : busy) {
      int limit = wants.get(i).limit();
      if (limit < processors) {
        if (next + limit > processors) {
          next = 0;
        }
        sets[i] = cut(i, next, processors);
        next += limit;
      }
    }
  }

  /**
   * Tells the modest, the filled and the greedy.
   *
   * @return what the modest want together
   */
  private double classify() {
    busy.sort(Comparator.comparingDouble(i -> wants.get(i).demand()));
    double given = 0;
    double givenToModest = 0;
    int left = busy.size();
    for (int i : busy) {
      double demand = wants.get(i).demand();
      if (!greedy.isEmpty() || demand > (processors - given) / left) {
        greedy.add(i);
        continue;
      }
      left--;
      given += demand;
      if (wants.get(i).isFilled()) {
        filled.add(i);
      } else {
        modest.add(i);
        givenToModest += demand;
      }
    }
    filled.sort(Comparator.naturalOrder());
    // Loads are never still: only one that doubles changes who is beside whom.
    greedy.sort(
        Comparator.<Integer>comparingLong(
                i -> Math.round(Math.log(wants.get(i).load()) / Math.log(2)))
            .thenComparing(Comparator.naturalOrder()));
    return givenToModest;
  }

  /** Lays all end to end: the modest together, each of the filled, each of the greedy. */
  private void share(double wantedByModest) {
    int ofFilled = filled.stream().mapToInt(i -> wants.get(i).limit()).sum();
    int ofModest = forModest(wantedByModest, processors - ofFilled);
    int next = ofModest;
    for (int i : filled) {
      sets[i] = cut(i, next, processors);
      next += wants.get(i).limit();
    }
    for (int i = 0; i < greedy.size(); i++) {
      shareOfGreedy(i, next);
    }
    for (int i : modest) {
      if (ofModest > 0) {
        sets[i] = cut(i, 0, ofModest);
      } else {
        // With no processor to spare, they are beside the least greedy one.
        sets[i] = sets[greedy.getFirst()];
      }
    }
  }

  /** How many whole processors the modest get: at least one, if each of the greedy has one, too. */
  private int forModest(double wanted, int available) {
    if (modest.isEmpty()) {
      return 0;
    }
    int least = greedy.size() < available ? 1 : 0;
    return Math.clamp(Math.round(wanted), least, available - 1);
  }

  /** Equal shares, end to end from one processor on, with bounds at whole processors. */
  private void shareOfGreedy(int index, int first) {
    double width = (double) (processors - first) / greedy.size();
    int from = (int) Math.round(first + index * width);
    int to = (int) Math.round(first + (index + 1) * width);
    if (width < 1) {
      to = (int) Math.ceil(first + (index + 0.5) * width);
      from = to - 1;
    }
    int user = greedy.get(index);
    sets[user] = cut(user, from, to);
  }

  /** As many processors of a range as a cVM may have. */
  private ProcessorSet cut(int user, int from, int to) {
    return ProcessorSet.range(from, Math.min(to, from + wants.get(user).limit()));
  }
}
