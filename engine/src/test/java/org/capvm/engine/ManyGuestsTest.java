package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Guests side by side in one JVM that has work of its own. */
final class ManyGuestsTest {
  private static final int GUESTS = 10;

  @Test
  void tenGuestsComputeWhileTheJvmCollectsGarbage() throws Exception {
    Path program = GuestProgram.c("crunch", "-O2");
    List<String> expected = new ArrayList<>();
    for (int guest = 0; guest < GUESTS; guest++) {
      Process process = new ProcessBuilder(program.toString(), Integer.toString(guest)).start();
      expected.add(
          new String(
              process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII));
      assertThat(process.waitFor()).isZero();
    }

    AtomicBoolean enough = new AtomicBoolean();
    List<Thread> collectors = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      collectors.add(Thread.ofPlatform().start(() -> makeGarbage(enough)));
    }
    List<ConfinedRun.Started> guests = new ArrayList<>();
    try {
      for (int guest = 0; guest < GUESTS; guest++) {
        guests.add(ConfinedRun.start(program, Integer.toString(guest)));
      }
      for (int guest = 0; guest < GUESTS; guest++) {
        assertThat(guests.get(guest).end(Duration.ofMinutes(2)))
            .isEqualTo(new ExitStatus.Exited(0));
        assertThat(guests.get(guest).output()).isEqualTo(expected.get(guest));
      }
    } finally {
      enough.set(true);
      for (ConfinedRun.Started guest : guests) {
        guest.close();
      }
    }
    for (Thread collector : collectors) {
      collector.join();
    }
  }

  @Test
  void tenDifferentProgramsRunTogether() throws Exception {
    List<List<String>> commands =
        List.of(
            List.of("/usr/bin/python3", "-c", "print(sum(i * i for i in range(300000)))"),
            List.of("perl", "-e", "my $s = 0; $s += $_ * $_ for 1 .. 300000; print $s, qq(\\n)"),
            List.of("lua5.4", "-e", "local s = 0 for i = 1, 300000 do s = s + i * i end print(s)"),
            List.of("mawk", "BEGIN { for (i = 1; i <= 300000; i++) s += i; print s }"),
            List.of("gawk", "BEGIN { for (i = 1; i <= 300000; i++) s += i; print s }"),
            List.of("jq", "-n", "[range(30000)] | add"),
            List.of("busybox", "factor", "1000000007", "999999999989"),
            List.of(
                "sqlite3",
                ":memory:",
                "with recursive n(i) as (select 1 union all select i+1 from n where i<50000) select"
                    + " sum(i) from n"),
            List.of("openssl", "prime", "-generate", "-bits", "64", "-hex", "-safe", "-help"),
            List.of("expr", "123456789", "*", "987654321"));
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    for (List<String> command : commands) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      Differential.command(
                              command.getFirst(),
                              command.subList(1, command.size()).toArray(String[]::new))
                          .agreesWithStatus(0);
                    } catch (Throwable failure) {
                      failures.add(failure);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }

  private static void makeGarbage(AtomicBoolean enough) {
    List<byte[]> kept = new ArrayList<>();
    while (!enough.get()) {
      kept.add(new byte[1 << 14]);
      if (kept.size() > 2000) {
        kept.subList(0, 1500).clear();
        System.gc();
      }
    }
  }
}
