package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.capvm.engine.ConfinedRun.Started;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One side of transfers that follow each other without a pause is killed, at times that differ from
 * kill to kill; the other side hears of it, never hangs, and goes on with whoever comes next.
 *
 * <p>Each kind has its steps: copy, or a batch of copies, wait and notify; before, in and after a
 * call, with and without a loan; send, receive, half-close, open and accept of streams and of
 * sockets over them.
 */
@Timeout(300)
class KilledTransfersTest {
  static final Path BINDING = Path.of("src/main/guest").toAbsolutePath();
  private static final Duration LIMIT = Duration.ofSeconds(60);
  static final String OWNER = "owner";
  static final Link LINK = Link.tcp(OWNER, 7000);
  static final Link UNIX_LINK = new Link.Unix("@steps", OWNER, "@steps");

  /** More than an owner of calls has threads that serve. */
  private static final int KILLS = Integer.getInteger("transfers.kills", 10);

  /** Milliseconds; from the time at which the first transfer may begin. */
  private static final int LATEST_KILL = 20;

  static Path program() throws IOException, InterruptedException {
    return GuestProgram.c(
        "cp_steps", "-O2", "-pthread", "-I" + BINDING, BINDING.resolve("capvm.c").toString());
  }

  private static Started start(String hostname, String... arguments)
      throws IOException, InterruptedException {
    return ConfinedRun.start(
        program(),
        List.of(arguments),
        b ->
            hostname.equals(OWNER)
                ? b.hostname(hostname)
                : b.hostname(hostname).link(LINK).link(UNIX_LINK));
  }

  static String published(String kind) {
    return switch (kind) {
      case "words", "file", "batch" -> OWNER + "/shared";
      case "fast", "call", "lend" -> OWNER + "/work";
      case "stream", "pass" -> OWNER + "/echo";
      default -> "by-its-address";
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "batch", "call", "lend", "stream", "pass", "link", "unix"})
  void anOwnerOutlivesItsUsers(String kind) throws Exception {
    Random random = new Random(kind.hashCode());
    try (Started owner = start(OWNER, kind, "own")) {
      for (int kill = 0; kill < KILLS; kill++) {
        try (Started user = start("user", kind, "use", published(kind), "1000000000")) {
          awaitLines(user, "open", 1);
          killAfter(user, random.nextInt(LATEST_KILL * 1000));
        }
        try (Started next = start("next", kind, "use", published(kind), "120")) {
          assertThat(next.end(LIMIT).shellStatus()).as(next.output()).isZero();
        }
      }
      assertThat(owner.output()).isEmpty();
      owner.cvm().kill();
      assertThat(owner.end(LIMIT).shellStatus()).isEqualTo(128 + 9);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "batch", "call", "lend", "stream", "pass", "link", "unix"})
  void aUserOutlivesItsOwners(String kind) throws Exception {
    Random random = new Random(kind.hashCode());
    try (Started user = start("user", kind, "outlive", published(kind))) {
      for (int kill = 0; kill < KILLS; kill++) {
        long before = lines(user, "open");
        try (Started owner = start(OWNER, kind, "own")) {
          awaitLines(user, "open", before + 1);
          killAfter(owner, random.nextInt(LATEST_KILL * 1000));
        }
        awaitLines(user, "ended", lines(user, "open"));
      }
      // Some while the user opens, which may succeed or not.
      for (int kill = 0; kill < KILLS; kill++) {
        try (Started owner = start(OWNER, kind, "own")) {
          killAfter(owner, random.nextInt(LATEST_KILL * 1000));
        }
      }
      long before = lines(user, "open");
      try (Started owner = start(OWNER, kind, "own")) {
        awaitLines(user, "open", before + 1);
        owner.cvm().kill();
        owner.end(LIMIT);
      }
      assertThat(user.output()).doesNotContain("unexpected");
      user.cvm().kill();
      assertThat(user.end(LIMIT).shellStatus()).isEqualTo(128 + 9);
    }
  }

  private static void killAfter(Started side, int micros) throws InterruptedException {
    Thread.sleep(Duration.ofNanos(micros * 1000L));
    side.cvm().kill();
    assertThat(side.end(LIMIT).shellStatus()).isEqualTo(128 + 9);
  }

  private static long lines(Started side, String start) throws IOException {
    return side.output().lines().filter(line -> line.startsWith(start)).count();
  }

  private static void awaitLines(Started side, String start, long count)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (lines(side, start) < count) {
      assertThat(side.cvm().waitFor(Duration.ZERO)).as(side.output()).isEmpty();
      assertThat(System.nanoTime()).as("\"%s\" in %s", start, side.output()).isLessThan(end);
      Thread.sleep(5);
    }
  }
}
