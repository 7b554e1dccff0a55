package org.capvm.machine.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.capvm.machine.mutation.Mutant.Kind;
import org.junit.jupiter.api.Test;

/**
 * Breaks the trusted base on purpose, one thing at a time: a test of the package must notice each,
 * but for those in {@code without-effect.txt}.
 */
final class MutationTest {
  private static final String TRANSLATE = "org.capvm.machine.translate";
  private static final String VERIFY = "org.capvm.machine.verify";
  private static final List<String> VERIFIER_TESTS = List.of(VERIFY + ".VerifierTest");
  private static final List<String> TRANSLATOR_TESTS =
      List.of(
          TRANSLATE + ".RewritesTest",
          TRANSLATE + ".MapBuilderTest",
          TRANSLATE + ".RegionTest",
          TRANSLATE + ".CodeBufferTest");
  private static final Set<Kind> MAY_BE_WITHOUT_EFFECT =
      EnumSet.of(Kind.CONSTANT, Kind.NAME, Kind.OPERATOR);
  private static final List<String> MODULE = List.of("org.capvm.machine.");

  private final ClassLoader unchanged =
      new MutantLoader(MutationTest.class.getClassLoader(), MODULE, Map.of());

  @Test
  void whateverIsBrokenInTheVerifierIsNoticed() throws Exception {
    assertAllButThoseWithoutEffectAreNoticed(VERIFY, VERIFIER_TESTS);
  }

  @Test
  void whateverIsBrokenInTheTranslatorIsNoticed() throws Exception {
    assertAllButThoseWithoutEffectAreNoticed(TRANSLATE, TRANSLATOR_TESTS);
  }

  private void assertAllButThoseWithoutEffectAreNoticed(String packageName, List<String> tests)
      throws Exception {
    List<Mutant> survivors = survivors(packageName, tests);
    Map<String, Integer> counts = new TreeMap<>();
    for (Mutant survivor : survivors) {
      counts.merge(survivor.place() + " " + survivor.kind(), 1, Integer::sum);
    }
    assertThat(survivors).allMatch(each -> MAY_BE_WITHOUT_EFFECT.contains(each.kind()));
    assertThat(counts).as(survivors.toString()).isEqualTo(withoutEffect(packageName));
  }

  /** How many of which methods have no effect, by method and kind. */
  private static Map<String, Integer> withoutEffect(String packageName) throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    try (var in = MutationTest.class.getResourceAsStream("without-effect.txt")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        String[] columns = line.split(" *\\| *");
        if (!line.startsWith("#") && columns[0].equals(packageName)) {
          counts.put(columns[1] + " " + columns[2], Integer.valueOf(columns[3]));
        }
      }
    }
    return counts;
  }

  private List<Mutant> survivors(String packageName, List<String> tests) throws Exception {
    assertThat(isNoticed(Map.of(), packageName, tests)).as("what is not broken passes").isFalse();
    List<Mutant> survivors = new ArrayList<>();
    int count = 0;
    for (String className : Mutant.classesOf(packageName)) {
      for (Mutant mutant : Mutant.of(className)) {
        count++;
        if (!isNoticed(Map.of(className, mutant.bytes()), packageName, tests)) {
          survivors.add(mutant);
        }
      }
    }
    System.out.printf("%d mutants of %s, %d survivors%n", count, packageName, survivors.size());
    return survivors;
  }

  private boolean isNoticed(Map<String, byte[]> changed, String packageName, List<String> tests)
      throws Exception {
    unchanged.loadClass(Fuel.class.getName()).getMethod("refill").invoke(null);
    ClassLoader loader = new MutantLoader(unchanged, List.of(packageName + "."), changed);
    for (String each : tests) {
      if (new TestClassRun(loader.loadClass(each)).firstFailure().isPresent()) {
        return true;
      }
    }
    return false;
  }
}
