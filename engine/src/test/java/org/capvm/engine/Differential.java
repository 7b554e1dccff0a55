package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs one command twice, natively and in a cVM, and compares all that it leaves behind: both
 * output streams, exit status and every file in its working directory.
 *
 * <p>Both runs see the same working directory path, the same environment and the same input. Every
 * case also states the exit status it expects, so that two runs that fail in the same way do not
 * pass for agreement.
 */
final class Differential {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final List<String> command;
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<Preparation> preparations = new ArrayList<>();
  private byte[] input = {};
  private Network network = Network.PRIVATE;
  private boolean comparesErrorStream = true;
  private boolean comparesFiles = true;
  private Duration limit = Duration.ofSeconds(90);

  private Differential(List<String> command) {
    this.command = command;
    environment.put("PATH", "/usr/local/bin:/usr/bin:/bin");
    environment.put("LANG", "C.UTF-8");
    environment.put("TZ", "UTC");
  }

  /**
   * A command found by its name or path, as a shell without a builtin of that name would find it.
   */
  static Differential command(String program, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(List.of(arguments));
    return new Differential(command);
  }

  /** Puts a text file into the working directory. */
  Differential file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Puts a file into the working directory. */
  Differential file(String name, byte[] content) {
    preparations.add(directory -> Files.write(directory.resolve(name), content));
    return this;
  }

  /** Copies host files, with their permissions, into the working directory. */
  Differential copy(Path... sources) {
    for (Path source : sources) {
      preparations.add(
          directory ->
              Files.copy(
                  source,
                  directory.resolve(source.getFileName()),
                  StandardCopyOption.COPY_ATTRIBUTES));
    }
    return this;
  }

  /** Sets the working directory up by hand. */
  Differential prepared(Preparation preparation) {
    preparations.add(preparation);
    return this;
  }

  Differential input(String text) {
    return input(text.getBytes(StandardCharsets.UTF_8));
  }

  Differential input(byte[] bytes) {
    input = bytes;
    return this;
  }

  Differential environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** For programs that use servers of the host. */
  Differential reachingTheHost() {
    network = Network.HOST;
    return this;
  }

  /** For programs whose complaints hold addresses, process ids or timings. */
  Differential ignoringErrorText() {
    comparesErrorStream = false;
    return this;
  }

  /** For programs whose files hold times or random numbers. */
  Differential ignoringFiles() {
    comparesFiles = false;
    return this;
  }

  Differential within(Duration longest) {
    limit = longest;
    return this;
  }

  /**
   * Runs both and compares.
   *
   * @param expectedStatus the status a shell would see: the exit status, or 128 plus the signal's
   *     number
   * @return what the cVM's run left behind, for further looks
   */
  Outcome agreesWithStatus(int expectedStatus) throws IOException, InterruptedException {
    Path scratch = TestPaths.scratch("differential-" + NUMBER.incrementAndGet());
    Path work = Files.createDirectories(scratch.resolve("work"));
    environment.putIfAbsent("HOME", work.toString());
    Files.write(scratch.resolve("input"), input);

    prepare(work);
    Outcome nativeOutcome = NativeRun.run(command, environment, work, scratch, limit);
    Path confinedWork = Files.createDirectories(scratch.resolve("confined"));
    prepare(confinedWork);
    Outcome confined =
        ConfinedRun.run(
            command, environment, network, work.toString(), confinedWork, scratch, limit);

    assertThat(nativeOutcome.status())
        .as("native status of %s: %s", command, nativeOutcome.errorText())
        .isEqualTo(expectedStatus);
    assertThat(confined.status())
        .as("status of %s in a cVM: %s", command, confined.errorText())
        .isEqualTo(expectedStatus);
    assertThat(confined.output()).as("output of %s", command).isEqualTo(nativeOutcome.output());
    if (comparesErrorStream) {
      assertThat(confined.errorText())
          .as("error text of %s", command)
          .isEqualTo(nativeOutcome.errorText());
    }
    if (comparesFiles) {
      assertThat(FileTree.of(confinedWork)).as("files of %s", command).isEqualTo(FileTree.of(work));
    }
    TestPaths.delete(scratch);
    return confined;
  }

  private void prepare(Path directory) throws IOException {
    for (Preparation preparation : preparations) {
      preparation.apply(directory);
    }
  }

  /** Fills a working directory before the command runs. */
  interface Preparation {
    void apply(Path directory) throws IOException;
  }

  /**
   * What a run left behind, its files aside.
   *
   * @param status the exit status, or 128 plus the number of the signal that ended it
   * @param output the standard output
   * @param errorText the standard error stream
   */
  record Outcome(int status, String output, String errorText) {
    static Outcome read(int status, Path output, Path error) throws IOException {
      return new Outcome(
          status,
          Files.readString(output, StandardCharsets.ISO_8859_1),
          Files.readString(error, StandardCharsets.ISO_8859_1));
    }
  }
}
