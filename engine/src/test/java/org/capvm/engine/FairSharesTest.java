package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.process.Task;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** cVMs that want more processors than there are get some of them each. */
@Timeout(120)
final class FairSharesTest {
  private static final String LOOP = "while :; do :; done";
  private static final String EIGHT = "for i in 1 2 3 4 5 6 7; do (" + LOOP + ") & done; " + LOOP;

  @Test
  void cvmsThatWantMoreThanThereIsHaveProcessorsOfTheirOwnUntilOneHasEnded() throws Exception {
    assumeTrue(all().size() > 1);
    try (Cvm many = shell(EIGHT)) {
      await(() -> tasks(many).size() == 8);
      try (Cvm one = shell(LOOP)) {
        await(() -> areApart(processors(many), processors(one)));
      }
      await(() -> processors(many).equals(Set.of(all())));
    }
  }

  @Test
  void whatATaskAskedForIsHeldWhereThereIsRoomForIt() throws Exception {
    assumeTrue(all().size() > 1);
    String pinned = "import os; os.sched_setaffinity(0, {1})\nos.fork()\nwhile True: pass";
    try (Cvm many = python(pinned)) {
      await(() -> tasks(many).size() == 2);
      int second = all().stream().sorted().skip(1).findFirst().orElseThrow();
      await(() -> processors(many).equals(Set.of(Set.of(second))));
      try (Cvm other = shell(EIGHT)) {
        await(() -> areApart(processors(many), processors(other)));
      }
      await(() -> processors(many).equals(Set.of(Set.of(second))));
    }
  }

  @Test
  void aGuestIsToldWhatItAskedForAndNotWhatItHasAtTheMoment() throws Exception {
    assumeTrue(all().size() > 1);
    String untilConfined =
        """
        import os, time
        end = time.monotonic() + 1
        seen = set()
        while time.monotonic() < end:
            seen.add(len(os.sched_getaffinity(0)))
        raise SystemExit(0 if seen == {os.cpu_count()} else 1)
        """;
    try (Cvm _ = shell(EIGHT);
        Cvm one = python(untilConfined)) {
      assertThat(one.waitFor()).isEqualTo(new ExitStatus.Exited(0));
    }
  }

  @Test
  void aGuestHasAndSeesAsManyProcessorsAsItIsGiven() throws Exception {
    Path scratch = TestPaths.scratch("processors");
    String looks =
        """
        import ctypes, os, re
        print(os.cpu_count(), os.sysconf('SC_NPROCESSORS_CONF'), os.sched_getaffinity(0))
        print(open('/proc/cpuinfo').read().count('processor\\t'))
        print(len(re.findall('^cpu[0-9]', open('/proc/stat').read(), re.M)))
        print(re.findall('Cpus_allowed_list.*', open('/proc/self/status').read())[0][-2:])
        print(open('/sys/devices/system/cpu/possible').read().strip())
        print(ctypes.CDLL(None).sched_getcpu())
        try:
            os.sched_setaffinity(0, {1})
        except OSError as refusal:
            print(refusal.errno)
        os.sched_setaffinity(0, {0})
        """;
    CvmConfiguration configuration =
        CvmConfiguration.builder("/usr/bin/python3")
            .arguments(List.of("-c", looks))
            .processorLimit(1)
            .standardInput(StandardStream.discarded())
            .standardOutput(StandardStream.hostFile(scratch.resolve("output")))
            .build();
    try (Cvm cvm = ConfinedRun.capVm().start(configuration)) {
      assertThat(cvm.waitFor()).isEqualTo(new ExitStatus.Exited(0));
    }
    assertThat(Files.readString(scratch.resolve("output")))
        .isEqualTo("1 1 {0}\n1\n1\n\t0\n0\n0\n22\n");
    TestPaths.delete(scratch);
  }

  @Test
  void twoGuestsOfOneProcessorEachAreOnDifferentOnes() throws Exception {
    assumeTrue(all().size() > 1);
    try (Cvm one = limited(EIGHT);
        Cvm other = limited(LOOP)) {
      await(() -> tasks(one).size() == 8);
      await(() -> areApart(processors(one), processors(other)));
      assertThat(processors(one).iterator().next()).hasSize(1);
    }
  }

  @Test
  void theJvmsCompilersWorkOnTheProcessorsOfWhoGivesThemWork() throws Exception {
    assumeTrue(all().size() > 1);
    String forks = "while :; do (:); done";
    try (Cvm _ = shell(forks + " & " + forks);
        Cvm computes = shell(LOOP)) {
      await(() -> areApart(compilers(), processors(computes)));
    }
    await(() -> compilers().equals(Set.of(all())));
  }

  /** The sets of processors that the JVM's compilers may run on. */
  private static Set<Set<Integer>> compilers() {
    Set<Set<Integer>> sets = new HashSet<>();
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (Path thread : threads) {
        if (Files.readString(thread.resolve("comm")).contains("Compiler")) {
          sets.add(ofThread(thread.getFileName().toString()));
        }
      }
    } catch (IOException e) {
      // A thread ended meanwhile: the caller looks again.
      return Set.of();
    }
    return sets;
  }

  private static Cvm limited(String script) {
    return ConfinedRun.capVm()
        .start(
            CvmConfiguration.builder("/bin/sh")
                .arguments(List.of("-c", script))
                .processorLimit(1)
                .standardInput(StandardStream.discarded())
                .build());
  }

  private static Cvm shell(String script) {
    return start("/bin/sh", script);
  }

  private static Cvm python(String script) {
    return start("/usr/bin/python3", script);
  }

  private static Cvm start(String program, String script) {
    return ConfinedRun.capVm()
        .start(
            CvmConfiguration.builder(program)
                .arguments(List.of("-c", script))
                .standardInput(StandardStream.discarded())
                .build());
  }

  /** Whether each of two cVMs has processors, the same for all of its tasks, and none in common. */
  private static boolean areApart(Set<Set<Integer>> some, Set<Set<Integer>> others) {
    if (some.size() != 1 || others.size() != 1) {
      return false;
    }
    Set<Integer> common = new HashSet<>(some.iterator().next());
    common.retainAll(others.iterator().next());
    return common.isEmpty();
  }

  private static List<Task> tasks(Cvm cvm) {
    return ((LibraryOs) cvm.processorUser()).processes().tasks();
  }

  /** The sets of processors, by the host's numbers, that tasks of a cVM may run on. */
  private static Set<Set<Integer>> processors(Cvm cvm) {
    Set<Set<Integer>> sets = new HashSet<>();
    for (Task task : tasks(cvm)) {
      sets.add(ofThread(Integer.toString(task.hostThreadId())));
    }
    return sets;
  }

  /** Those of the process's first thread, which is no task. */
  private static Set<Integer> all() {
    return ofThread(Long.toString(ProcessHandle.current().pid()));
  }

  private static Set<Integer> ofThread(String hostThreadId) {
    Path status = Path.of("/proc/self/task", hostThreadId, "status");
    Set<Integer> numbers = new HashSet<>();
    try {
      String list =
          Files.readAllLines(status).stream()
              .filter(line -> line.startsWith("Cpus_allowed_list:"))
              .findFirst()
              .orElseThrow();
      for (String range : list.substring(list.indexOf(':') + 1).strip().split(",")) {
        String[] bounds = range.split("-");
        int last = Integer.parseInt(bounds[bounds.length - 1]);
        for (int number = Integer.parseInt(bounds[0]); number <= last; number++) {
          numbers.add(number);
        }
      }
    } catch (NoSuchFileException e) {
      return Set.of();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return numbers;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(5);
    }
  }
}
