package org.capvm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.capvm.engine.Differential.Outcome;
import org.capvm.image.HostMount;

/** Runs commands in cVMs of the one {@link CapVm} that all tests of a JVM share. */
final class ConfinedRun {
  /** Where a started guest finds its own files. */
  static final String GUEST_DIRECTORY = "/guest";

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private static final class Shared {
    static final CapVm CAP_VM = CapVm.open();
  }

  private ConfinedRun() {}

  static CapVm capVm() {
    return Shared.CAP_VM;
  }

  /**
   * Runs a command to its end.
   *
   * @param guestDirectory the working directory's path in the cVM
   * @param hostDirectory what is there
   * @param scratch holds the file {@code input} and receives the output
   */
  static Outcome run(
      List<String> command,
      Map<String, String> environment,
      Network network,
      String guestDirectory,
      Path hostDirectory,
      Path scratch,
      Duration limit)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("confined.output");
    Path error = scratch.resolve("confined.error");
    CvmConfiguration.Builder builder =
        CvmConfiguration.builder(command.getFirst())
            .arguments(command.subList(1, command.size()))
            .emptyEnvironment()
            .network(network)
            .mount(new HostMount(hostDirectory, guestDirectory, true))
            .workingDirectory(guestDirectory)
            .standardInput(StandardStream.hostFile(scratch.resolve("input")))
            .standardOutput(StandardStream.hostFile(output))
            .standardError(StandardStream.hostFile(error));
    environment.forEach(builder::environment);
    try (Cvm cvm = capVm().start(builder.build())) {
      ExitStatus status =
          cvm.waitFor(limit)
              .orElseThrow(
                  () -> new AssertionError(command + " did not end in a cVM within " + limit));
      return Outcome.read(status.shellStatus(), output, error);
    }
  }

  /** Starts a program that is copied to the guest's own directory; its output is kept. */
  static Started start(
      Path program, List<String> arguments, UnaryOperator<CvmConfiguration.Builder> changes)
      throws IOException {
    Path scratch = TestPaths.scratch("confined-" + NUMBER.incrementAndGet());
    Path directory = Files.createDirectories(scratch.resolve("guest"));
    Files.copy(
        program, directory.resolve(program.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
    CvmConfiguration configuration =
        changes
            .apply(
                CvmConfiguration.builder("./" + program.getFileName())
                    .arguments(arguments)
                    .mount(new HostMount(directory, GUEST_DIRECTORY, true))
                    .workingDirectory(GUEST_DIRECTORY)
                    .standardInput(StandardStream.discarded())
                    .standardOutput(StandardStream.hostFile(scratch.resolve("output")))
                    .standardError(StandardStream.hostFile(scratch.resolve("error"))))
            .build();
    return new Started(capVm().start(configuration), scratch);
  }

  static Started start(Path program, String... arguments) throws IOException {
    return start(program, List.of(arguments), UnaryOperator.identity());
  }

  /** A running guest and its files. */
  record Started(Cvm cvm, Path scratch) implements AutoCloseable {

    /** Waits for the guest's end. */
    ExitStatus end(Duration limit) throws InterruptedException {
      return cvm.waitFor(limit)
          .orElseThrow(() -> new AssertionError("the guest did not end within " + limit));
    }

    String output() throws IOException {
      return Files.readString(scratch.resolve("output"));
    }

    String errorText() throws IOException {
      return Files.readString(scratch.resolve("error"));
    }

    @Override
    public void close() throws IOException {
      cvm.close();
      TestPaths.delete(scratch);
    }
  }
}
