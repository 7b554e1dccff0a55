package org.capvm.machine.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.capvm.machine.mutation.Mutant.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Breaks the trusted base on purpose, one thing at a time: a test must notice each.
 *
 * <p>{@code -Dmutation.report=true} also breaks the translator, and constants everywhere, and
 * prints what the tests of that package alone do not notice.
 */
final class MutationTest {
  private static final String TRANSLATE = "org.capvm.machine.translate";
  private static final String VERIFY = "org.capvm.machine.verify";
  private static final List<String> MODULE = List.of("org.capvm.machine.");

  @TempDir Path scratch;

  private final ClassLoader unchanged =
      new MutantLoader(MutationTest.class.getClassLoader(), MODULE, Map.of());

  @Test
  void aBrokenConditionCallOrRuleOfTheVerifierIsNoticed() throws Exception {
    Set<Kind> kinds = EnumSet.of(Kind.CONDITION, Kind.CALL, Kind.RULE);
    assertThat(survivors(VERIFY, VERIFY + ".VerifierTest", kinds)).isEmpty();
  }

  @Test
  @EnabledIfSystemProperty(named = "mutation.report", matches = "true")
  void whatNobodyNoticesIsPrinted() throws Exception {
    Set<Kind> all = EnumSet.allOf(Kind.class);
    survivors(VERIFY, VERIFY + ".VerifierTest", all).forEach(System.out::println);
    survivors(TRANSLATE, TRANSLATE + ".RewritesTest", all).forEach(System.out::println);
  }

  private List<String> survivors(String packageName, String tests, Set<Kind> kinds)
      throws Exception {
    assertThat(isNoticed(Map.of(), packageName, tests)).as("what is not broken passes").isFalse();
    List<String> survivors = new ArrayList<>();
    int count = 0;
    for (String className : Mutant.classesOf(packageName)) {
      for (Mutant mutant : Mutant.of(className, kinds)) {
        count++;
        if (!isNoticed(Map.of(className, mutant.bytes()), packageName, tests)) {
          survivors.add(mutant.toString());
        }
      }
    }
    System.out.printf("%d mutants of %s, %d survivors%n", count, packageName, survivors.size());
    return survivors;
  }

  private boolean isNoticed(Map<String, byte[]> changed, String packageName, String tests)
      throws Exception {
    unchanged.loadClass(Fuel.class.getName()).getMethod("refill").invoke(null);
    ClassLoader loader = new MutantLoader(unchanged, List.of(packageName + "."), changed);
    return new TestClassRun(loader.loadClass(tests), scratch).firstFailure().isPresent();
  }
}
