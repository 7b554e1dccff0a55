package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.capvm.monitor.memory.MappingBudget;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that crash, loop or ask for too much: each ends as on Linux, or can be stopped. */
final class MisbehavingProgramsTest {
  private static final int CRASHES = 10_000;
  private static final int SIGTERM = 15;
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final Duration A_WHILE = Duration.ofSeconds(60);

  @ParameterizedTest
  @CsvSource({
    "recursion, 139",
    "illegal, 132",
    "privileged, 139",
    "breakpoint, 133",
    "divide, 136",
    "divide-overflow, 136",
    "unaligned, 139",
    "null-call, 139",
    "wild-jump, 139",
    "null-read, 139",
    "write-to-code, 139",
    "run-data, 139",
    "abort, 134",
    "no-stack, 139",
    "handled-null-read, 3",
    "handled-divide, 3",
    "handled-recursion, 3"
  })
  void theProgramEndsAsOnLinux(String word, int status) throws Exception {
    Differential.command("./misbehave", word).copy(program()).agreesWithStatus(status);
  }

  @ParameterizedTest
  @ValueSource(strings = {"loop", "tight-loop"})
  void anEndlessLoopCanBeKilled(String word) throws Exception {
    try (ConfinedRun.Started started = ConfinedRun.start(program(), word)) {
      assertThat(started.cvm().waitFor(Duration.ofMillis(300))).isEmpty();
      started.cvm().kill();
      assertThat(started.end(SOON).shellStatus()).isEqualTo(137);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"loop", "tight-loop"})
  void anEndlessLoopEndsByASignalWithoutAHandler(String word) throws Exception {
    try (ConfinedRun.Started started = ConfinedRun.start(program(), word)) {
      assertThat(started.cvm().waitFor(Duration.ofMillis(300))).isEmpty();
      started.cvm().signal(SIGTERM);
      assertThat(started.end(SOON).shellStatus()).isEqualTo(143);
    }
  }

  @Test
  void aProgramThatMakesProcessesWithoutEndCanBeKilled() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (ConfinedRun.Started started = ConfinedRun.start(program(), "forks")) {
        assertThat(started.cvm().waitFor(Duration.ofMillis(50 + round))).isEmpty();
        started.cvm().kill();
        assertThat(started.end(SOON).shellStatus()).isEqualTo(137);
      }
    }
  }

  @Test
  void closingACvmStopsIt() throws Exception {
    Cvm cvm;
    try (ConfinedRun.Started started = ConfinedRun.start(program(), "loop")) {
      cvm = started.cvm();
    }
    assertThat(cvm.waitFor(SOON)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"allocate", "exhaust"})
  void moreMemoryThanAllowedIsRefused(String word) throws Exception {
    try (ConfinedRun.Started started =
        ConfinedRun.start(
            program(), List.of(word), builder -> builder.memoryLimitBytes(256L << 20))) {
      assertThat(started.end(SOON)).isEqualTo(new ExitStatus.Exited(0));
      assertThat(started.output()).startsWith("refused: Cannot allocate memory");
    }
  }

  @Test
  void aForkBombIsRefused() throws Exception {
    try (ConfinedRun.Started started =
        ConfinedRun.start(program(), List.of("fork-bomb"), UnaryOperator.identity())) {
      started.end(Duration.ofSeconds(60));
      assertThat(started.output()).isEqualTo("refused\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"map-bomb", "holes", "ends", "neighbours", "apart", "dropped"})
  void manyMappingsAreRefusedWhileOthersStillGetTheirs(String word) throws Exception {
    takesItsShareOfMappings(word, "refused: Cannot allocate memory\n");
  }

  @Test
  void codeInMorePagesThanThereMayBeMappingsEndsTheProgram() throws Exception {
    try (ConfinedRun.Started started = ConfinedRun.start(program(), "code-pages")) {
      assertThat(started.end(A_WHILE).shellStatus()).isEqualTo(137);
    }
  }

  private static void takesItsShareOfMappings(String word, String output) throws Exception {
    HostResources before = HostResources.now();
    try (ConfinedRun.Started bomb = ConfinedRun.start(program(), word)) {
      long deadline = System.nanoTime() + A_WHILE.toNanos();
      while (bomb.output().isEmpty() && System.nanoTime() < deadline) {
        Thread.sleep(20);
      }
      assertThat(bomb.output()).isEqualTo(output);
      long share = new MappingBudget().limit() / 2;
      assertThat(HostResources.now().mappings()).isLessThan(before.mappings() + share + 100);
      try (ConfinedRun.Started other = ConfinedRun.start(program(), "divide")) {
        assertThat(other.end(SOON).shellStatus()).isEqualTo(136);
      }
    }
  }

  @Test
  void tenThousandCrashesLeaveNothingBehind() throws Exception {
    Path crashing = GuestProgram.assembly("null_read");
    HostResources before = null;
    for (int i = 0; i < CRASHES; i++) {
      if (i == CRASHES / 10) {
        before = HostResources.now();
      }
      try (ConfinedRun.Started started = ConfinedRun.start(crashing)) {
        assertThat(started.end(SOON).shellStatus()).isEqualTo(139);
      }
    }
    HostResources.assertNotGrownSince(before);
  }

  private static Path program() throws Exception {
    return GuestProgram.c("misbehave", "-O1", "-static");
  }
}
