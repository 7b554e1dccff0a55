package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jdi.Location;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.EventRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.capvm.engine.StoppedJvm.Stop;
import org.capvm.machine.code.CodeCache;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A thread of either side is stopped at each step of a transfer, and either side is killed there;
 * the other side hears of it, never hangs, and goes on with whoever comes next.
 *
 * <p>The steps are the lines of Java that a debugger sees the sides' threads pass in a while of
 * transfers and when a side begins, and the instructions of monitor code that a thread executes
 * which transfers without Java; {@link KilledTransfersTest} has the kinds of transfers, and kills
 * at any time. Each build takes every 60th line and every tenth instruction; {@code
 * -Dtransfers.share=1} takes all.
 */
@Timeout(1200)
class StoppedTransfersTest {
  private static final int SHARE = Integer.getInteger("transfers.share", 60);
  private static final int INSTRUCTION_SHARE = Math.max(1, SHARE / 6);
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration WATCH = Duration.ofSeconds(2);

  /** For a thread to come by a line; after that, the sides begin anew. */
  private static final Duration COMES_BY = Duration.ofMillis(500);

  /** For a kill to happen while a thread is stopped, which may hold what the kill needs. */
  private static final Duration MEANWHILE = Duration.ofMillis(20);

  private static final String OWNER = KilledTransfersTest.OWNER;
  private static final String USER = "user";
  private static final int STEPS = 20_000;
  private static final int MOST_FURTHER = 8;
  private static final int ENOUGH_PASSES = 20;
  private static final List<String> SIDES = List.of(USER, OWNER);

  private static final Pattern TRANSFERRING =
      Pattern.compile(
          "org\\.capvm\\.(monitor\\.(channel|capability)|libos\\.(capability|net))\\..*"
              + "|org\\.capvm\\.monitor\\.gate\\.(LentContext|CallTarget).*"
              + "|org\\.capvm\\.libos\\.process\\.(Spin|Sleeper|Visits?|Wait)"
              + "|org\\.capvm\\.libos\\.file\\.WaitQueue.*");

  /**
   * A line, and the side whose thread passes it.
   *
   * @param beginning the side that has to begin anew for that, or an empty string
   */
  private record Step(Location line, String side, String beginning) {
    @Override
    public String toString() {
      return side + " at " + line.declaringType().name() + ":" + line.lineNumber();
    }
  }

  private Path scratch;
  private StoppedJvm jvm;
  private String kind;
  private int starts;
  private final Map<String, Path> outputs = new HashMap<>();

  @BeforeEach
  void startJvm() throws IOException {
    scratch = TestPaths.scratch("stopped");
    jvm = StoppedJvm.start();
  }

  @AfterEach
  void endJvm() throws Exception {
    jvm.end();
    TestPaths.delete(scratch);
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "batch", "call", "lend", "stream", "pass", "link", "unix"})
  void eitherSideIsKilledAtEachLineOfATransfer(String transfers) throws Exception {
    kind = transfers;
    HostResources before = resourcesAfterTransfers();
    List<Step> steps = watch();
    int met = 0;
    int tried = 0;
    for (int i = 0; i < steps.size(); i += SHARE) {
      for (String victim : SIDES) {
        tried++;
        // A line that ran when it was watched may not come by again: then it is the next one's
        // turn.
        for (int step = i; step < Math.min(i + SHARE, steps.size()); step++) {
          if (killAt(steps.get(step), victim)) {
            met++;
            break;
          }
        }
      }
    }
    assertThat(met).as("of %d kills", tried).isGreaterThan(tried * 4 / 5);
    endWithNoMoreThan(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"words", "fast"})
  void eitherSideIsKilledAtEachInstructionOfMonitorCode(String transfers) throws Exception {
    kind = transfers;
    HostResources before = resourcesAfterTransfers();
    long gates = startOfGates();
    List<Long> instructions;
    try (TracedThread thread = new TracedThread(userThread())) {
      instructions = List.copyOf(thread.step(STEPS, gates, gates + CodeCache.GATE_BYTES));
    }
    assertThat(instructions).hasSizeGreaterThan(100);
    int met = 0;
    int tried = 0;
    for (int i = 0; i < instructions.size(); i += INSTRUCTION_SHARE) {
      for (String victim : SIDES) {
        // Further on it is in the function that is called, or back from it.
        for (int further : new int[] {0, 1 + i % MOST_FURTHER}) {
          tried++;
          if (killAt(instructions.get(i), further, victim)) {
            met++;
          }
        }
      }
    }
    assertThat(met).as("of %d kills", tried).isGreaterThan(tried * 4 / 5);
    endWithNoMoreThan(before);
  }

  private boolean killAt(long instruction, int further, String victim) throws Exception {
    try (TracedThread thread = new TracedThread(userThread())) {
      if (!thread.runTo(instruction, COMES_BY)) {
        return false;
      }
      for (int i = 0; i < further; i++) {
        thread.step();
      }
      killMeanwhile(victim, USER, thread::goOn, "0x%x and %d".formatted(instruction, further));
      return true;
    }
  }

  /** The host's id of the only thread that runs: the owners of these kinds sleep. */
  private int userThread() throws Exception {
    Map<Integer, Long> before = runningTimes();
    Thread.sleep(10);
    Map<Integer, Long> ran = runningTimes();
    ran.replaceAll((thread, nanos) -> nanos - before.getOrDefault(thread, nanos));
    return Collections.max(ran.entrySet(), Map.Entry.comparingByValue()).getKey();
  }

  /** Nanoseconds on a processor, by thread. */
  private Map<Integer, Long> runningTimes() throws IOException {
    Map<Integer, Long> times = new HashMap<>();
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + jvm.pid() + "/task"))) {
      for (Path thread : (Iterable<Path>) threads::iterator) {
        try {
          if (Files.readString(thread.resolve("comm")).startsWith("task-")) {
            String nanos = Files.readString(thread.resolve("schedstat")).split(" ")[0];
            times.put(Integer.valueOf(thread.getFileName().toString()), Long.valueOf(nanos));
          }
        } catch (IOException ended) {
          // Between the listing and here.
        }
      }
    }
    return times;
  }

  private long startOfGates() throws IOException {
    try (Stream<String> mappings = Files.lines(Path.of("/proc/" + jvm.pid() + "/maps"))) {
      String code =
          mappings
              .filter(each -> each.contains("capvm-code") && each.contains(" r-x"))
              .findFirst()
              .orElseThrow();
      return Long.parseLong(code.substring(0, code.indexOf('-')), 16);
    }
  }

  // ---- steps

  /** Which lines the sides' threads pass in a while of transfers, and at a side's beginning. */
  private List<Step> watch() throws Exception {
    Map<Location, BreakpointRequest> requests = new LinkedHashMap<>();
    for (Location line : jvm.lines(name -> TRANSFERRING.matcher(name).matches())) {
      requests.put(line, jvm.stopAt(line));
    }
    Map<String, Step> steps = new LinkedHashMap<>();
    watch("", requests, steps);
    for (String side : SIDES) {
      jvm.passAgain(requests.values());
      kill(side);
      requests.values().forEach(EventRequest::enable);
      tellStart(side);
      watch(side, requests, steps);
      jvm.answer("started " + side);
    }
    jvm.passAgain(requests.values());
    return List.copyOf(steps.values());
  }

  private void watch(
      String beginning, Map<Location, BreakpointRequest> requests, Map<String, Step> steps)
      throws InterruptedException {
    Map<Location, Integer> passes = new HashMap<>();
    long end = System.nanoTime() + WATCH.toNanos();
    while (System.nanoTime() < end) {
      Stop stop = jvm.nextStop(Duration.ofMillis(5));
      if (stop == null) {
        continue;
      }
      String side = StoppedJvm.side(stop);
      Location line = StoppedJvm.line(stop);
      if (!side.isEmpty()) {
        steps.putIfAbsent(side + line, new Step(line, side, beginning));
      }
      if (passes.merge(line, 1, Integer::sum) == ENOUGH_PASSES) {
        requests.get(line).disable();
      }
      stop.goOn();
    }
  }

  /** Kills one side with a thread at a step; false if no thread comes by any more. */
  private boolean killAt(Step step, String victim) throws Exception {
    Stop stop = stopAt(step);
    if (stop != null) {
      killMeanwhile(victim, step.side(), stop::goOn, step);
    }
    return stop != null;
  }

  /** Kills one side, lets a stopped thread go on, and waits until transfers go on. */
  private void killMeanwhile(String victim, String stopped, Runnable goOn, Object step)
      throws Exception {
    jvm.tell("kill " + victim);
    boolean killed = jvm.answer("killed " + victim, MEANWHILE) != null;
    jvm.tell("end " + victim);
    String ended = victim.equals(stopped) ? null : jvm.answer("ended " + victim, MEANWHILE);
    goOn.run();
    if (!killed) {
      jvm.answer("killed " + victim);
    }
    assertThat(ended != null ? ended : jvm.answer("ended " + victim))
        .as("%s killed with %s", victim, step)
        .endsWith(" 137");
    long before = victim.equals(USER) ? 0 : transfers();
    start(victim);
    awaitTransfers(before, step, victim);
  }

  /** Stops a thread at a step; null if none comes by. */
  private Stop stopAt(Step step) throws Exception {
    String beginning = step.beginning();
    if (!beginning.isEmpty()) {
      kill(beginning);
    }
    BreakpointRequest request = jvm.stopAt(step.line());
    if (!beginning.isEmpty()) {
      tellStart(beginning);
    }
    Stop stop = nextOf(step);
    if (!beginning.isEmpty() && jvm.answer("started " + beginning, COMES_BY) == null) {
      // The start itself needs what the stopped thread holds.
      if (stop != null) {
        stop.goOn();
        stop = null;
      }
      awaitStart(beginning, request);
    }
    jvm.passAgain(List.of(request));
    return stop;
  }

  /** Waits until a side has started; a thread of it may come by a line later than it should. */
  private void awaitStart(String side, BreakpointRequest request) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (jvm.answer("started " + side, COMES_BY) == null) {
      assertThat(System.nanoTime()).as("%s starts in time", side).isLessThan(end);
      jvm.passAgain(List.of(request));
    }
  }

  private Stop nextOf(Step step) throws InterruptedException {
    long end = System.nanoTime() + COMES_BY.toNanos();
    while (true) {
      long left = Math.max(0, end - System.nanoTime());
      Stop stop = jvm.nextStop(Duration.ofNanos(left));
      if (stop == null || StoppedJvm.side(stop).equals(step.side())) {
        return stop;
      }
      stop.goOn();
    }
  }

  // ---- sides

  /** What the JVM holds of the host between two pairs of sides, of which the second one runs. */
  private HostResources resourcesAfterTransfers() throws Exception {
    for (String side : List.of(OWNER, USER)) {
      start(side);
    }
    awaitTransfers(0);
    for (String side : SIDES) {
      kill(side);
    }
    HostResources held = resources();
    for (String side : List.of(OWNER, USER)) {
      start(side);
    }
    awaitTransfers(0);
    return held;
  }

  /** Ends both sides; nothing of all that were killed is left. */
  private void endWithNoMoreThan(HostResources before) throws Exception {
    for (String side : SIDES) {
      kill(side);
    }
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!resources().isWithinReachOf(before) && System.nanoTime() < end) {
      Thread.sleep(20);
    }
    assertThat(resources()).matches(held -> held.isWithinReachOf(before), "within " + before);
  }

  private HostResources resources() throws InterruptedException {
    jvm.tell("resources");
    String[] words = jvm.answer("resources").split(" ");
    return new HostResources(
        Long.parseLong(words[1]), Long.parseLong(words[2]), Long.parseLong(words[3]));
  }

  private void start(String side) throws Exception {
    tellStart(side);
    jvm.answer("started " + side);
  }

  private void tellStart(String side) throws Exception {
    Path output = scratch.resolve(side + "-" + starts++);
    outputs.put(side, output);
    String role = side.equals(OWNER) ? "own" : "outlive " + KilledTransfersTest.published(kind);
    jvm.tell(
        String.join(" ", "start", side, side, output.toString(), program().toString(), kind, role));
  }

  private static Path program() throws IOException, InterruptedException {
    return KilledTransfersTest.program();
  }

  private void kill(String side) throws InterruptedException {
    jvm.tell("kill " + side);
    jvm.answer("killed " + side);
    jvm.tell("end " + side);
    assertThat(jvm.answer("ended " + side)).endsWith(" 137");
  }

  /** How many connections of the user have transferred something so far. */
  private long transfers() throws IOException {
    String output = Files.readString(outputs.get(USER));
    assertThat(output).doesNotContain("unexpected");
    return output.lines().filter("moved"::equals).count();
  }

  private void awaitTransfers(long before, Object... when) throws Exception {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (transfers() <= before) {
      assertThat(System.nanoTime())
          .as("transfers go on after %s: %s", List.of(when), Files.readString(outputs.get(USER)))
          .isLessThan(end);
      Thread.sleep(2);
    }
  }
}
