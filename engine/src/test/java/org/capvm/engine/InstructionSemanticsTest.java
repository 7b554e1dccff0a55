package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.capvm.engine.Differential.Outcome;
import org.capvm.engine.InstructionCases.Case;
import org.junit.jupiter.api.Test;

/**
 * Runs random instructions of every row of the instruction table with random registers, flags,
 * vectors and memory, natively and in a cVM, and compares what they leave: registers, flags,
 * memory, vector and x87 state, and signals with their codes and addresses.
 *
 * <p>{@code -Dsemantics.rounds=N} runs N rounds with different seeds; {@code -Dsemantics.seed=N}
 * starts with another one.
 */
final class InstructionSemanticsTest {
  private static final int ROUNDS = Integer.getInteger("semantics.rounds", 1);
  private static final long FIRST_SEED = Long.getLong("semantics.seed", 1);
  private static final int CASES_PER_ROW = 3;
  private static final int STATES = Integer.getInteger("semantics.states", 30);
  private static final int REPORTED = 30;
  private static final Duration LIMIT = Duration.ofMinutes(10);

  @Test
  void everyInstructionDoesInACvmWhatItDoesNatively() throws Exception {
    Path program = program();
    long comparisons = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long seed = FIRST_SEED + round;
      List<Case> cases = InstructionCases.of(seed, CASES_PER_ROW);
      comparisons += (long) cases.size() * STATES;
      assertThat(disagreements(program, cases, seed)).as("seed %d", seed).isEmpty();
    }
    System.out.printf(
        "%d comparisons, seeds %d to %d%n", comparisons, FIRST_SEED, FIRST_SEED + ROUNDS - 1);
  }

  private static List<String> disagreements(Path program, List<Case> cases, long seed)
      throws IOException, InterruptedException {
    Path scratch = TestPaths.scratch("semantics");
    Files.write(scratch.resolve("input"), new byte[0]);
    Path work = Files.createDirectories(scratch.resolve("work"));
    try (var out = Files.newOutputStream(work.resolve("cases"))) {
      for (Case one : cases) {
        out.write(one.record());
      }
    }
    Files.copy(program, work.resolve("semantics"));
    Run run = new Run(work, scratch, seed);
    String expected = run.natively(0, cases.size(), false);
    String actual = run.confined(0, cases.size(), false);
    assertThat(expected).hasSize(8 * cases.size());
    assertThat(actual).hasSize(8 * cases.size());
    List<String> disagreements = new ArrayList<>();
    for (int i = 0; i < cases.size() && disagreements.size() < REPORTED; i++) {
      if (!expected.regionMatches(8 * i, actual, 8 * i, 8)) {
        String difference = difference(run.natively(i, 1, true), run.confined(i, 1, true));
        disagreements.add("case %d, %s%n%s".formatted(i, cases.get(i), difference));
      }
    }
    return disagreements;
  }

  private static String difference(String expected, String actual) {
    List<String> expectedLines = expected.lines().toList();
    List<String> actualLines = actual.lines().toList();
    for (int i = 0; i < Math.min(expectedLines.size(), actualLines.size()); i++) {
      if (!expectedLines.get(i).equals(actualLines.get(i))) {
        List<String> words = new ArrayList<>(List.of(actualLines.get(i).split(" ")));
        words.removeAll(List.of(expectedLines.get(i).split(" ")));
        List<String> wanted = new ArrayList<>(List.of(expectedLines.get(i).split(" ")));
        wanted.removeAll(List.of(actualLines.get(i).split(" ")));
        return "  natively %s%n  in a cVM %s%n%s"
            .formatted(wanted, words, expectedLines.get(i + 1));
      }
    }
    return "  only in the run of all cases";
  }

  private record Run(Path work, Path scratch, long seed) {
    private List<String> command(int first, int count, boolean dump) {
      List<String> command = new ArrayList<>();
      command.add("./semantics");
      command.add("cases");
      for (long number : new long[] {seed, first, count, STATES}) {
        command.add(Long.toString(number));
      }
      if (dump) {
        command.add("dump");
      }
      return command;
    }

    String natively(int first, int count, boolean dump) throws IOException, InterruptedException {
      Outcome outcome = NativeRun.run(command(first, count, dump), Map.of(), work, scratch, LIMIT);
      assertThat(outcome.status()).as("native status").isZero();
      return outcome.output();
    }

    String confined(int first, int count, boolean dump) throws IOException, InterruptedException {
      Outcome outcome =
          ConfinedRun.run(
              command(first, count, dump),
              Map.of(),
              Network.PRIVATE,
              work.toString(),
              work,
              scratch,
              LIMIT);
      assertThat(outcome.status()).as("status in the cVM: %s", outcome.errorText()).isZero();
      return outcome.output();
    }
  }

  private static Path program() throws IOException, InterruptedException {
    Path source = TestPaths.GUEST_SOURCES.resolve("semantics/semantics.c");
    Path program = Files.createDirectories(TestPaths.GUEST_PROGRAMS).resolve("semantics");
    String[] command = {
      "gcc",
      "-O2",
      "-nostdlib",
      "-static",
      "-no-pie",
      "-fno-pie",
      "-ffreestanding",
      "-fno-stack-protector",
      "-mno-red-zone",
      "-mavx2",
      "-fno-tree-vectorize",
      "-w",
      "-Wl,--build-id=none",
      "-o",
      program.toString(),
      source.toString()
    };
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    return program;
  }
}
