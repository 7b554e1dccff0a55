package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.capvm.engine.ConfinedRun.Started;
import org.capvm.image.HostMount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
  void neitherFullTablesNorACrowdNorChangingArgumentsHarmAnotherCvm() throws Exception {
    Path program = program("cp_siege");
    try (Started owner = ConfinedRun.start(program, List.of("own"), b -> b.hostname("castle"));
        Started attacker = ConfinedRun.start(program, List.of(), b -> b.hostname("besieger"))) {
      ExitStatus end = attacker.end(LIMIT);
      assertThat(attacker.output()).isEqualTo("held\n");
      assertThat(end.shellStatus()).isZero();
      assertThat(owner.end(LIMIT).shellStatus()).as(owner.output()).isZero();
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

  /** How the store ends: by a bad pointer, by a stack pointer that points to nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"10", "12"})
  void aStoreIsCalledByAnotherCvmAndCannotHarmIt(String lastRequest) throws Exception {
    Path program = program("cp_store");
    try (Started store = ConfinedRun.start(program, List.of("store"), b -> b.hostname("shop"));
        Started caller =
            ConfinedRun.start(
                program, List.of("shop/store", "1000", lastRequest), b -> b.hostname("caller"))) {
      ExitStatus end = caller.end(LIMIT);
      assertThat(caller.output()).endsWith("held\n");
      assertThat(end.shellStatus()).isZero();
      assertThat(store.end(LIMIT).shellStatus()).as("it crashed").isEqualTo(128 + 11);
    }
  }

  @Test
  void framesGoFromCToPythonInAnotherCvmAndBack() throws Exception {
    Path scratch = TestPaths.scratch("mirror");
    CvmConfiguration mirror =
        python("frames.py", "gallery/frames", scratch).hostname("mirror").build();
    try (Started producer =
            ConfinedRun.start(program("cp_frames"), List.of("60"), b -> b.hostname("gallery"));
        Cvm cvm = ConfinedRun.capVm().start(mirror)) {
      assertThat(producer.end(LIMIT).shellStatus()).isZero();
      assertThat(producer.output()).isEqualTo("60 frames, all turned\n");
      assertThat(cvm.waitFor(LIMIT).orElseThrow().shellStatus()).isZero();
      assertThat(Files.readString(scratch.resolve("error"))).isEmpty();
    }
  }

  private static CvmConfiguration.Builder python(String script, String name, Path scratch) {
    return CvmConfiguration.builder("/usr/bin/python3")
        .arguments(List.of("/script/" + script, name))
        .environment("PYTHONPATH", "/binding")
        .environment("PYTHONDONTWRITEBYTECODE", "1")
        .mount(new HostMount(TestPaths.GUEST_SOURCES.resolve("python"), "/script", false))
        .mount(new HostMount(BINDING, "/binding", false))
        .standardOutput(StandardStream.hostFile(scratch.resolve("output")))
        .standardError(StandardStream.hostFile(scratch.resolve("error")));
  }

  @Test
  void pythonCallsAStoreInCThatCallsPythonBack() throws Exception {
    Path scratch = TestPaths.scratch("calls");
    CvmConfiguration caller =
        python("calls.py", "bazaar/store", scratch).hostname("caller").build();
    try (Started store =
            ConfinedRun.start(program("cp_store"), List.of("store"), b -> b.hostname("bazaar"));
        Cvm cvm = ConfinedRun.capVm().start(caller)) {
      ExitStatus end = cvm.waitFor(LIMIT).orElseThrow();
      assertThat(Files.readString(scratch.resolve("error"))).isEmpty();
      assertThat(Files.readString(scratch.resolve("output")))
          .isEqualTo(
              """
              sum: 44100
              nested: [1, 8, 15, 22, 29]
              late: ETIMEDOUT
              passed on: EACCES
              served until: EOWNERDEAD
              """);
      assertThat(end.shellStatus()).isZero();
      store.cvm().kill();
    }
  }
}
