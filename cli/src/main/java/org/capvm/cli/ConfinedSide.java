package org.capvm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.engine.ExitStatus;
import org.capvm.engine.Link;
import org.capvm.engine.ProgramStart;
import org.capvm.engine.RunningProgram;
import org.capvm.engine.StandardStream;
import org.capvm.image.HostMount;
import org.capvm.image.RootFileSystem;

/** The demo's programs in two cVMs: Redis and the service in one, the client in the other. */
final class ConfinedSide implements DemoSide {
  private static final String SERVER = "cache";
  private static final String PYTHON = "/usr/bin/python3";
  private static final int PORT = 6379;
  private static final String SOCKET = "/tmp/redis.sock";
  private static final String SCRIPTS = "/demo";

  private final DemoFiles files;
  private final CapVm capVm;
  private final Cvm server;
  private final RunningProgram service;

  /** Starts Redis and the service. */
  ConfinedSide(DemoFiles files) {
    this.files = files;
    capVm = CapVm.open(false);
    try {
      CvmConfiguration configuration =
          builder("/usr/bin/redis-server", SERVER, DemoFiles.redisArguments(PORT, SOCKET))
              .standardOutput(StandardStream.discarded())
              .build();
      server = capVm.start(configuration);
      service =
          server.exec(
              new ProgramStart(
                  PYTHON,
                  python("serve"),
                  configuration.environment(),
                  "/",
                  StandardStream.discarded(),
                  StandardStream.discarded(),
                  StandardStream.hostFile(error("service"))));
    } catch (RuntimeException failure) {
      capVm.close();
      throw failure;
    }
  }

  @Override
  public Map<String, Double> measure(double seconds) throws IOException, InterruptedException {
    Path output = files.scratch().resolve("client.output");
    List<String> words = python("use", Integer.toString(PORT), Double.toString(seconds));
    CvmConfiguration configuration =
        builder(PYTHON, "app", words)
            .link(Link.tcp(SERVER, PORT))
            .link(new Link.Unix(SOCKET, SERVER, SOCKET))
            .standardOutput(StandardStream.hostFile(output))
            .build();
    try (Cvm client = capVm.start(configuration)) {
      Optional<ExitStatus> end = client.waitFor(Duration.ofSeconds(LIMIT_SECONDS));
      if (end.isEmpty() || end.get().shellStatus() != 0) {
        throw DemoSide.failure("in a cVM", error("app"));
      }
    }
    return DemoSide.figures(output);
  }

  private CvmConfiguration.Builder builder(String program, String name, List<String> arguments) {
    return CvmConfiguration.builder(program)
        .arguments(arguments)
        .environment("PYTHONDONTWRITEBYTECODE", "1")
        .rootFileSystem(RootFileSystem.directory(files.root()))
        .mount(new HostMount(files.scripts(), SCRIPTS, false))
        .hostname(name)
        .standardInput(StandardStream.discarded())
        .standardError(StandardStream.hostFile(error(name)));
  }

  private static List<String> python(String role, String... rest) {
    List<String> words =
        new ArrayList<>(List.of(SCRIPTS + "/demo.py", role, "capability", SERVER, SOCKET));
    words.addAll(List.of(rest));
    return words;
  }

  private Path error(String name) {
    return files.scratch().resolve(name + ".error");
  }

  @Override
  public void close() {
    service.close();
    server.close();
    capVm.close();
  }
}
