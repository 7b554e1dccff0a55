package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.capvm.engine.ConfinedRun.Started;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * System calls with random and boundary arguments, beside files, descriptors and settings of the
 * host that they must not reach. {@code -Dcalls.rounds=N} makes more processes do so, {@code
 * -Dcalls.seed=N} with other arguments.
 */
final class SystemCallFuzzTest {
  private static final int ROUNDS = Integer.getInteger("calls.rounds", 25);
  private static final int SEED = Integer.getInteger("calls.seed", 1);

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void errorsAreThoseOfLinux(int seed) throws Exception {
    Differential.command("./call_fuzz", "compare", Integer.toString(seed), "12000")
        .copy(GuestProgram.c("call_fuzz", "-O1", "-pthread"))
        .agreesWithStatus(0);
  }

  @Test
  void noCallFailsInTheLibraryOsOrTouchesWhatIsTheHosts() throws Exception {
    Path program = GuestProgram.c("call_fuzz", "-O1", "-pthread");
    try (HostCanaries canaries = HostCanaries.inDirectory(TestPaths.scratch("canaries"));
        Started guest =
            ConfinedRun.start(
                program, "storm", Integer.toString(SEED), Integer.toString(ROUNDS), "4")) {
      Duration limit = Duration.ofSeconds(60 + 2L * ROUNDS);
      assertThat(guest.end(limit).shellStatus()).as(guest.output()).isZero();
      assertThat(guest.output()).endsWith("\n0 failures\n");
      canaries.assertUntouched();
    }
  }
}
