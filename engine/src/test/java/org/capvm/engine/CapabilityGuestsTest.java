package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.capvm.engine.ConfinedRun.Started;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guests that share memory by capability, through the C binding. */
@Timeout(120)
class CapabilityGuestsTest {
  private static final Path BINDING = Path.of("src/main/guest").toAbsolutePath();
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static Path program(String name) throws IOException, InterruptedException {
    return GuestProgram.c(
        name, "-O2", "-pthread", "-I" + BINDING, BINDING.resolve("capvm.c").toString());
  }

  @Test
  void oneCvmCountsInTheMemoryOfAnother() throws Exception {
    Path program = program("cp_counter");
    try (Started owner =
            ConfinedRun.start(program, List.of("own", "10000"), b -> b.hostname("ledger"));
        Started user =
            ConfinedRun.start(
                program,
                List.of("count", "ledger/the counter of this example"),
                b -> b.hostname("clerk"))) {
      assertThat(user.end(LIMIT).shellStatus()).as(user.output()).isZero();
      assertThat(owner.end(LIMIT).shellStatus()).as(owner.output()).isZero();
      assertThat(owner.output()).isEqualTo("counted to 10000\n");
    }
  }

  @Test
  void noHandleOffsetOrLengthReachesWhatWasNotGiven() throws Exception {
    try (Started attacker = ConfinedRun.start(program("cp_attack"))) {
      ExitStatus end = attacker.end(LIMIT);
      assertThat(attacker.output()).isEqualTo("held\n");
      assertThat(end.shellStatus()).isZero();
    }
  }

  @Test
  void aWaitingCvmHearsOfTheEndOfTheOwner() throws Exception {
    Path program = program("cp_waiter");
    try (Started owner = ConfinedRun.start(program, List.of("own"), b -> b.hostname("mortal"));
        Started waiter =
            ConfinedRun.start(program, List.of("mortal/word"), b -> b.hostname("mourner"))) {
      while (!waiter.output().contains("waiting")) {
        Thread.sleep(10);
      }
      owner.cvm().kill();
      assertThat(waiter.end(LIMIT).shellStatus()).as(waiter.output()).isZero();
      assertThat(waiter.output()).contains("Owner died").contains("Bad file descriptor");
    }
  }

  @Test
  void aStoreIsCalledByAnotherCvmAndCannotHarmIt() throws Exception {
    Path program = program("cp_store");
    try (Started store = ConfinedRun.start(program, List.of("store"), b -> b.hostname("shop"));
        Started caller =
            ConfinedRun.start(program, List.of("shop/store"), b -> b.hostname("caller"))) {
      ExitStatus end = caller.end(LIMIT);
      assertThat(caller.output()).endsWith("held\n");
      assertThat(end.shellStatus()).isZero();
      assertThat(store.end(LIMIT).shellStatus()).as("it crashed").isEqualTo(128 + 11);
    }
  }
}
