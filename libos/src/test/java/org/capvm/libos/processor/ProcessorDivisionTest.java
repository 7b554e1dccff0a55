package org.capvm.libos.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.capvm.libos.processor.ProcessorDivision.Want;
import org.junit.jupiter.api.Test;

class ProcessorDivisionTest {
  private static final ProcessorSet FIRST = ProcessorSet.range(0, 1);
  private static final ProcessorSet SECOND = ProcessorSet.range(1, 2);

  private static List<ProcessorSet> divide(int processors, double... loads) {
    return ProcessorDivision.of(
        Arrays.stream(loads).mapToObj(load -> new Want(load, processors)).toList(), processors);
  }

  @Test
  void ofTwoProcessorsEightLoopsHaveOneAndOneLoopTheOther() {
    assertThat(divide(2, 8, 1)).containsExactly(SECOND, FIRST);
    assertThat(divide(2, 1, 8)).containsExactly(FIRST, SECOND);
  }

  @Test
  void whoWantsLittleHasAProcessorAsSomebodyElseWantsAll() {
    assertThat(divide(2, 8, 0.1)).containsExactly(SECOND, FIRST);
    assertThat(divide(4, 8, 0.1)).containsExactly(ProcessorSet.range(1, 4), FIRST);
  }

  @Test
  void theModestAreTogether() {
    assertThat(divide(4, 0.7, 20, 0.7, 0.3))
        .containsExactly(
            ProcessorSet.below(2),
            ProcessorSet.range(2, 4),
            ProcessorSet.below(2),
            ProcessorSet.below(2));
  }

  @Test
  void withoutAProcessorToSpareTheModestAreBesideTheLeastGreedy() {
    assertThat(divide(2, 8, 1, 0.2)).containsExactly(SECOND, FIRST, FIRST);
  }

  @Test
  void moreGreedyOnesThanProcessorsShareThemWithTheirLike() {
    assertThat(divide(2, 9, 1, 8, 1)).containsExactly(SECOND, FIRST, SECOND, FIRST);
    assertThat(divide(2, 1, 1, 8)).containsExactly(FIRST, FIRST, SECOND);
  }

  @Test
  void unequalHalvesAreRounded() {
    assertThat(divide(3, 9, 9)).containsExactly(ProcessorSet.below(2), ProcessorSet.range(2, 3));
  }

  @Test
  void whereThereIsEnoughForAllNobodyIsConfined() {
    assertThat(divide(2, 1, 1)).containsOnly(ProcessorSet.below(2));
    assertThat(divide(8, 4, 1, 2)).containsOnly(ProcessorSet.below(8));
  }

  @Test
  void whoHasNothingToDoIsOnAllProcessors() {
    assertThat(divide(2, 8, 1, 0)).containsExactly(SECOND, FIRST, ProcessorSet.below(2));
  }

  @Test
  void whoMayHaveOneProcessorAndWantsMoreHasItByItself() {
    List<Want> wants = List.of(new Want(8, 1), new Want(8, 4), new Want(0.2, 4), new Want(8, 1));
    assertThat(ProcessorDivision.of(wants, 4))
        .containsExactly(SECOND, ProcessorSet.range(3, 4), FIRST, ProcessorSet.range(2, 3));
  }

  @Test
  void thoseWithALimitAreInDifferentPlacesWhereThereIsEnoughForAll() {
    List<Want> wants = List.of(new Want(1, 1), new Want(0, 1), new Want(3, 1), new Want(1, 4));
    assertThat(ProcessorDivision.of(wants, 4))
        .containsExactly(FIRST, FIRST, SECOND, ProcessorSet.below(4));
  }

  @Property
  void nobodyHasMoreThanItsLimit(
      @ForAll @Size(min = 1, max = 12) List<@DoubleRange(max = 40) Double> loads,
      @ForAll @Size(12) List<@IntRange(min = 1, max = 16) Integer> limits,
      @ForAll @IntRange(min = 1, max = 16) int processors) {
    List<Want> wants =
        IntStream.range(0, loads.size())
            .mapToObj(i -> new Want(loads.get(i), Math.min(limits.get(i), processors)))
            .toList();
    List<ProcessorSet> sets = ProcessorDivision.of(wants, processors);
    for (int i = 0; i < sets.size(); i++) {
      assertThat(sets.get(i).count()).isBetween(1, wants.get(i).limit());
      assertThat(sets.get(i).and(ProcessorSet.below(processors))).isEqualTo(sets.get(i));
    }
  }

  @Property
  void whoIsAloneHasAllProcessors(
      @ForAll @DoubleRange(max = 5000) double load,
      @ForAll @IntRange(max = 3) int before,
      @ForAll @IntRange(min = 1, max = 256) int processors) {
    double[] loads = new double[before + 2];
    loads[before] = load;
    assertThat(divide(processors, loads)).containsOnly(ProcessorSet.below(processors));
  }

  @Property
  void everybodyHasProcessorsAndNoneIsLeftOver(
      @ForAll @Size(min = 1, max = 20) List<@DoubleRange(max = 300) Double> loads,
      @ForAll @IntRange(min = 1, max = 64) int processors) {
    List<ProcessorSet> sets = divide(processors, array(loads));
    byte[] together = new byte[8];
    for (ProcessorSet set : sets) {
      assertThat(set.isEmpty()).isFalse();
      assertThat(set.and(ProcessorSet.below(processors))).isEqualTo(set);
      byte[] mask = set.toMask(8);
      for (int i = 0; i < 8; i++) {
        together[i] |= mask[i];
      }
    }
    assertThat(ProcessorSet.ofMask(together)).isEqualTo(ProcessorSet.below(processors));
  }

  @Property
  void theGreedyAreApartFromEachOtherAndFromTheModest(
      @ForAll @Size(max = 10) List<@DoubleRange(min = 0.06, max = 0.5) Double> modest,
      @ForAll @Size(min = 1, max = 5) List<@DoubleRange(min = 100, max = 5000) Double> greedy,
      @ForAll @IntRange(min = 13, max = 64) int processors) {
    List<ProcessorSet> sets = divide(processors, concatenated(modest, greedy));
    List<ProcessorSet> ofGreedy = sets.subList(modest.size(), sets.size());
    if (sets.size() > 1) {
      int total = ofGreedy.stream().mapToInt(ProcessorSet::count).sum();
      total += modest.isEmpty() ? 0 : sets.getFirst().count();
      assertThat(total).isEqualTo(processors);
      int fewest = ofGreedy.stream().mapToInt(ProcessorSet::count).min().orElseThrow();
      int most = ofGreedy.stream().mapToInt(ProcessorSet::count).max().orElseThrow();
      assertThat(most - fewest).isLessThanOrEqualTo(1);
    }
    assertThat(sets.subList(0, modest.size())).allMatch(set -> set.equals(sets.getFirst()));
  }

  @Property
  void howGreedyTheGreedyAreMovesNobody(
      @ForAll @Size(max = 4) List<@DoubleRange(min = 0.06, max = 0.5) Double> modest,
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 7, max = 12) Integer> doublings,
      @ForAll @Size(6) List<@DoubleRange(min = 0.72, max = 1.4) Double> changes,
      @ForAll @IntRange(min = 2, max = 64) int processors) {
    double[] before = doublings.stream().mapToDouble(power -> 1 << power).toArray();
    double[] after = before.clone();
    for (int i = 0; i < after.length; i++) {
      after[i] *= changes.get(i);
    }
    double[] others = array(modest);
    assertThat(divide(processors, concatenated(others, after)))
        .isEqualTo(divide(processors, concatenated(others, before)));
  }

  @Property
  void whoeverWantsTheSameHasAsMuchUpToOneProcessor(
      @ForAll @DoubleRange(min = 70, max = 1000) double load,
      @ForAll @IntRange(min = 2, max = 100) int users,
      @ForAll @IntRange(min = 1, max = 64) int processors) {
    double[] loads = new double[users];
    Arrays.fill(loads, load);
    int[] counts =
        divide(processors, loads).stream().mapToInt(ProcessorSet::count).sorted().toArray();
    assertThat(counts[users - 1] - counts[0]).isLessThanOrEqualTo(1);
  }

  private static double[] concatenated(List<Double> some, List<Double> others) {
    return concatenated(array(some), array(others));
  }

  private static double[] concatenated(double[] some, double[] others) {
    return DoubleStream.concat(Arrays.stream(some), Arrays.stream(others)).toArray();
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
