package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.engine.ExitStatus;
import org.capvm.engine.Link;
import org.capvm.engine.StandardStream;
import org.capvm.image.HostMount;

/**
 * Runs commands in cVMs of this JVM, one new cVM each. The time includes the cVM's making and its
 * end.
 */
final class ConfinedRunner implements Runner {
  private final CapVm capVm;
  private final List<Link> links;

  /**
   * @param links what each of the cVMs reaches of others
   */
  ConfinedRunner(CapVm capVm, List<Link> links) {
    this.capVm = capVm;
    this.links = List.copyOf(links);
  }

  /** Of a program whose output nobody reads. */
  static CvmConfiguration.Builder silent(Command command) {
    return CvmConfiguration.builder(command.words().getFirst())
        .arguments(command.arguments())
        .standardInput(StandardStream.discarded())
        .standardOutput(StandardStream.discarded())
        .standardError(StandardStream.discarded());
  }

  @Override
  public long run(Command command, Path output) throws IOException, InterruptedException {
    String directory = command.directory().toString();
    CvmConfiguration.Builder builder =
        silent(command)
            .mount(new HostMount(command.directory(), directory, true))
            .workingDirectory(directory)
            .standardOutput(StandardStream.hostFile(output))
            .standardError(StandardStream.hostFile(Runner.errorOf(output)));
    links.forEach(builder::link);
    long start = System.nanoTime();
    ExitStatus status;
    try (Cvm cvm = capVm.start(builder.build())) {
      status = cvm.waitFor();
    }
    long nanos = System.nanoTime() - start;
    if (status.shellStatus() != 0) {
      throw new BenchmarkException(command.words() + " ended in a cVM with " + status);
    }
    return nanos;
  }
}
