package org.capvm.monitor.escape;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.IntravisorOptions;
import org.capvm.monitor.gate.CapabilityRoutine;
import org.capvm.monitor.memory.Slot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Programs made to escape run beside memory that must not change, with the verifier on: whatever
 * they do, they reach their own slot alone, and the JVM lives on.
 *
 * <p>A page fault anywhere but in the program's own slot and guards is a failure, so that an
 * attempt is seen even where nothing is mapped.
 *
 * <p>{@code -Descape.batches=N} runs N times 1024 programs, {@code -Descape.seed=N} other ones,
 * {@code -Descape.first=N} begins with a later batch: a run can be cut in pieces, and a JVM that
 * crashed names the batch to run again in {@code target/escape-batch}. A program that failed
 * becomes a file beside the others in the folder {@code replays}.
 */
final class EscapeTest {
  private static final int BATCHES = Integer.getInteger("escape.batches", 300);
  private static final int FIRST = Integer.getInteger("escape.first", 0);
  private static final long SEED = Long.getLong("escape.seed", 1);
  private static final long PROGRAM_NANOS = 2_000_000;
  private static final Path REAL_CODE = Path.of("/lib/x86_64-linux-gnu/libc.so.6");
  private static final Path REPLAYS =
      Path.of("src/test/resources/org/capvm/monitor/escape/replays");
  private static final Path PROGRESS = Path.of("target/escape-batch");

  @Test
  void noProgramReachesAnythingButItsOwnSlot() throws Exception {
    byte[] realCode = Files.readAllBytes(REAL_CODE);
    try (Intravisor intravisor = Intravisor.start(IntravisorOptions.defaults());
        Slot neighbour = intravisor.newSlot();
        Slot slot = intravisor.newSlot();
        Canary canary = new Canary(neighbour, slot)) {
      Places places = Places.around(slot, neighbour, gateArea(intravisor));
      for (int batch = FIRST; batch < FIRST + BATCHES; batch++) {
        Files.writeString(PROGRESS, "seed %d, batch %d%n".formatted(SEED, batch));
        var random = new SplittableRandom(SEED * 1_000_003 + batch);
        var generator = new ProgramGenerator(random, places, realCode);
        List<Program> programs = Stream.generate(generator::next).limit(FuzzedGuest.CELLS).toList();
        run(intravisor, slot, programs, 1 + batch % 2);
        canary.check();
      }
    }
    System.out.printf(
        "%d programs, seed %d, batches %d to %d%n",
        (long) BATCHES * FuzzedGuest.CELLS, SEED, FIRST, FIRST + BATCHES - 1);
  }

  static List<Path> replays() throws IOException {
    try (Stream<Path> files = Files.list(REPLAYS)) {
      return files.sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("replays")
  void whatOnceFailedDoesNotAnyMore(Path replay) throws Exception {
    try (Intravisor intravisor = Intravisor.start(IntravisorOptions.defaults());
        Slot neighbour = intravisor.newSlot();
        Slot slot = intravisor.newSlot();
        Canary canary = new Canary(neighbour, slot)) {
      run(intravisor, slot, List.of(Program.parse(Files.readAllLines(replay))), 1);
      canary.check();
    }
  }

  private static void run(Intravisor intravisor, Slot slot, List<Program> programs, int lanes)
      throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    try (FuzzedGuest guest = new FuzzedGuest(intravisor, slot, programs)) {
      List<Lane> running = new ArrayList<>();
      for (int i = 0; i < lanes; i++) {
        Lane lane = new Lane(guest, next, failures);
        lane.start();
        running.add(lane);
      }
      for (Lane lane : running) {
        while (!lane.join(Duration.ofMillis(1))) {
          lane.endLongProgram();
        }
      }
    }
    assertThat(failures).isEmpty();
  }

  /** A thread that runs one program after the other. */
  private static final class Lane extends Thread {
    private final FuzzedGuest guest;
    private final AtomicInteger next;
    private final Queue<String> failures;
    private volatile FuzzedGuest.Runner runner;
    private volatile long since;

    Lane(FuzzedGuest guest, AtomicInteger next, Queue<String> failures) {
      this.guest = guest;
      this.next = next;
      this.failures = failures;
    }

    @Override
    public void run() {
      try (FuzzedGuest.Runner mine = guest.new Runner()) {
        runner = mine;
        for (int number = next.getAndIncrement();
            number < guest.programs().size();
            number = next.getAndIncrement()) {
          since = System.nanoTime();
          try {
            mine.run(number);
          } catch (RuntimeException failure) {
            failures.add("%s%n# %s".formatted(guest.programs().get(number), failure));
          }
        }
      }
    }

    void endLongProgram() {
      FuzzedGuest.Runner mine = runner;
      if (mine != null && System.nanoTime() - since > PROGRAM_NANOS) {
        mine.kick();
      }
    }
  }

  private static long gateArea(Intravisor intravisor) {
    return intravisor.capabilityRoutine(CapabilityRoutine.CP_FILE_READ);
  }
}
