package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.capvm.engine.ConfinedRun.Started;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Calls between cVMs that begin in machine code: what crosses, and what happens when they cannot
 * end there.
 */
@Timeout(120)
class CallsTest {
  private static final Path BINDING = Path.of("src/main/guest").toAbsolutePath();
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static Path program() throws IOException, InterruptedException {
    return GuestProgram.c(
        "cp_fast",
        "-O2",
        "-mavx2",
        "-pthread",
        "-I" + BINDING,
        BINDING.resolve("capvm.c").toString());
  }

  private static Started shop() throws Exception {
    return ConfinedRun.start(program(), List.of("shop"), b -> b.hostname("shop"));
  }

  private static Started client(String what) throws Exception {
    return ConfinedRun.start(program(), List.of(what), b -> b.hostname("client-" + what));
  }

  private static void awaitOutput(Started client, String text) throws Exception {
    while (!client.output().contains(text)) {
      Thread.sleep(10);
    }
    // Into the call itself, most likely; the test holds in any case.
    Thread.sleep(100);
  }

  @Test
  void onlyWordsCrossAndCallersGetBackWhatIsTheirs() throws Exception {
    try (Started shop = shop();
        Started caller =
            ConfinedRun.start(program(), List.of("caller"), b -> b.hostname("caller"))) {
      ExitStatus end = caller.end(LIMIT);
      assertThat(caller.output()).isEqualTo("held\n");
      assertThat(end.shellStatus()).isZero();
      shop.cvm().kill();
    }
  }

  @Test
  void callsOfFreeServersDoNotReachJava() throws Exception {
    try (Started shop = shop();
        Started caller = client("adds")) {
      assertThat(caller.end(LIMIT).shellStatus()).as(caller.output()).isZero();
      long throughJava =
          caller.cvm().statistics().calls().stream()
              .filter(calls -> calls.name().startsWith("cp_call"))
              .mapToLong(CvmStatistics.Calls::count)
              .sum();
      // Of 100,000: the first ones, and those that a signal of the shop's timer met.
      assertThat(throughJava).isBetween(1L, 10_000L);
      shop.cvm().kill();
    }
  }

  @Test
  void aCallThatNeverEndsIsCutByRevocation() throws Exception {
    try (Started shop = shop();
        Started caller = client("revoked")) {
      assertThat(caller.end(LIMIT).shellStatus()).isZero();
      assertThat(caller.output()).isEqualTo("calling\nrevoked\n");
      shop.cvm().kill();
    }
  }

  @Test
  void aCallerHearsOfTheDeathOfTheOwner() throws Exception {
    try (Started shop = shop();
        Started caller = client("forever")) {
      awaitOutput(caller, "calling");
      shop.cvm().kill();
      assertThat(caller.end(LIMIT).shellStatus()).isZero();
      assertThat(caller.output()).isEqualTo("calling\nowner died\n");
    }
  }

  @Test
  void aCalleeThatCrashesIsGoneForItsCaller() throws Exception {
    try (Started shop = shop();
        Started caller = client("crash")) {
      assertThat(caller.end(LIMIT).shellStatus()).isZero();
      assertThat(caller.output()).isEqualTo("calling\nowner died\n");
      assertThat(shop.end(LIMIT).shellStatus()).isEqualTo(128 + 11);
    }
  }

  @Test
  void aCallerThatIsKilledInACallGivesTheServerBack() throws Exception {
    try (Started shop = shop()) {
      // More of them than there are servers.
      for (int i = 0; i < 5; i++) {
        try (Started caller = client("forever")) {
          awaitOutput(caller, "calling");
          caller.cvm().kill();
          assertThat(caller.end(LIMIT).shellStatus()).isEqualTo(128 + 9);
        }
      }
      try (Started caller =
          ConfinedRun.start(program(), List.of("caller"), b -> b.hostname("caller"))) {
        caller.end(LIMIT);
        assertThat(caller.output()).isEqualTo("held\n");
      }
      shop.cvm().kill();
    }
  }
}
