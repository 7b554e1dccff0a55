package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Programs that take one resource until they are refused: as Linux refuses it, and while they keep
 * all they got another cVM starts and works.
 */
@Timeout(120)
final class ResourceAttacksTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  /** What the library OS keeps in Java objects for a cVM stays within a few times its limit. */
  private static final long MEMORY_LIMIT = 256L << 20;

  @ParameterizedTest
  @CsvSource({
    "memory, ENOMEM",
    "mappings, ENOMEM",
    "threads, EAGAIN",
    "processes, EAGAIN",
    "zombies, EAGAIN",
    "descriptors, ENOMEM",
    "tables, ENOMEM",
    "files, ENFILE",
    "unnamed, ENFILE",
    "written, ENOSPC",
    "allocated, ENOSPC",
    "shared, ENOSPC",
    "interests, ENOSPC",
    "pipes, ENOMEM",
    "streams, ENOBUFS",
    "datagrams, ENOBUFS",
    "passed, ENOBUFS",
    "locks, ENOLCK",
    "timers, EAGAIN",
    "alarms, EAGAIN",
    "signals, EAGAIN",
    "disk, ENOSPC",
    "names, ENOSPC",
    "attributes, ENOSPC",
    "capabilities, ENOSPC",
    "published, ENOSPC",
    "granted, ENOSPC",
    "code, 0",
    "images, 0"
  })
  void whoTakesAllIsRefusedAndANeighbourGoesOn(String resource, String refusal) throws Exception {
    Runtime java = Runtime.getRuntime();
    java.gc();
    long before = java.totalMemory() - java.freeMemory();
    try (ConfinedRun.Started attacker =
        ConfinedRun.start(
            GuestProgram.c("exhaust", "-O1", "-static"),
            List.of(resource),
            builder ->
                builder.memoryLimitBytes(MEMORY_LIMIT).taskLimit(256).diskLimitBytes(64L << 20))) {
      while (attacker.output().isEmpty()) {
        assertThat(attacker.cvm().waitFor(Duration.ofMillis(20))).isEmpty();
      }
      assertThat(attacker.output()).isEqualTo(refusal + "\n");
      try (ConfinedRun.Started neighbour =
          ConfinedRun.start(GuestProgram.c("misbehave", "-O1", "-static"), "handled-divide")) {
        assertThat(neighbour.end(SOON)).isEqualTo(new ExitStatus.Exited(3));
      }
      java.gc();
      long taken = java.totalMemory() - java.freeMemory() - before;
      assertThat(taken).isLessThan(2 * MEMORY_LIMIT);
    }
  }

  @Test
  void whoHasMoreTranslatedThanItMayIsKilledAndANeighbourGoesOn() throws Exception {
    try (ConfinedRun.Started attacker =
        ConfinedRun.start(
            GuestProgram.c("exhaust", "-O1", "-static"),
            List.of("translations"),
            builder -> builder.memoryLimitBytes(MEMORY_LIMIT))) {
      assertThat(attacker.end(SOON).shellStatus()).isEqualTo(137);
      try (ConfinedRun.Started neighbour =
          ConfinedRun.start(GuestProgram.c("misbehave", "-O1", "-static"), "handled-divide")) {
        assertThat(neighbour.end(SOON)).isEqualTo(new ExitStatus.Exited(3));
      }
    }
  }
}
