package org.capvm.libos.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ProcessorSetTest {
  @Test
  void aMaskHasOneBitForEachProcessor() {
    assertThat(ProcessorSet.range(3, 9).toMask(8)).containsExactly(0xf8, 1, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void whatIsBeyondAMaskIsCutOff() {
    assertThat(ProcessorSet.below(20).toMask(1)).containsExactly(0xff);
  }

  @Test
  void aListNamesRangesAndAMaskHasCommas() {
    ProcessorSet set = of(Set.of(0, 1, 2, 5, 64, 99));
    assertThat(set.ranges()).isEqualTo("0-2,5,64,99");
    assertThat(set.hex()).isEqualTo("8,00000001,00000000,00000027");
    assertThat(ProcessorSet.below(4).hex()).isEqualTo("f");
    assertThat(ProcessorSet.below(1).ranges()).isEqualTo("0");
  }

  @Property
  void aSetIsWhatItsMaskSays(@ForAll @Size(16) byte[] mask) {
    assertThat(ProcessorSet.ofMask(mask).toMask(16)).isEqualTo(mask);
  }

  @Property
  void bothSetsHaveWhatTheirIntersectionHas(
      @ForAll Set<@IntRange(max = 130) Integer> some,
      @ForAll Set<@IntRange(max = 130) Integer> others) {
    ProcessorSet both = of(some).and(of(others));
    some.retainAll(others);
    assertThat(both).isEqualTo(of(some)).hasSameHashCodeAs(of(some));
    assertThat(both.count()).isEqualTo(some.size());
    assertThat(both.isEmpty()).isEqualTo(some.isEmpty());
  }

  private static ProcessorSet of(Set<Integer> numbers) {
    byte[] mask = new byte[17];
    numbers.forEach(number -> mask[number / 8] |= (byte) (1 << number % 8));
    return ProcessorSet.ofMask(mask);
  }
}
