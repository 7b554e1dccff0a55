package org.capvm.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.capvm.engine.CapVm;
import org.capvm.engine.DescriptorSocket;
import org.capvm.engine.ProgramNotStartedException;
import org.capvm.libos.abi.Signal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cvm up}: the cVMs of a file, in one address space. */
@Command(
    name = "up",
    description = {
      "Starts the cVMs that a file describes, in one address space, and shows what they write.",
      "",
      "Ends when all cVMs have ended, or after Ctrl-C or 'cvm down', which stop them in reverse"
          + " order. The status is 0 if they were stopped or all ended with 0, 1 if one ended"
          + " otherwise, 125 if the file is wrong or CapVM failed (a health check included), and"
          + " 126 or 127 if a program cannot be run or is not there."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class UpCommand implements Callable<Integer> {
  private static final Set<String> DETACH = Set.of("-d", "--detach");

  @Spec private CommandSpec specification;

  @Option(
      names = {"-d", "--detach"},
      description = "Return once all cVMs run and are healthy; they go on.")
  private boolean detach;

  @Option(
      names = "--verify",
      description =
          "Check every piece of translated code against the isolation invariants before it runs.")
  private boolean verify;

  @Parameters(
      paramLabel = "FILE",
      defaultValue = "cvm.yaml",
      description = "What to start (default: ${DEFAULT-VALUE}).")
  private Path file;

  @Override
  public Integer call() throws IOException, InterruptedException {
    ControlSocket control = ControlSocket.of(file);
    ComposeFile composed = ComposeFile.read(file);
    if (detach) {
      return detached(control);
    }
    try (ControlSocket.Claim claim = control.claim();
        CapVm capVm = CapVm.open(verify)) {
      return run(claim, new Deployment(capVm, composed));
    } catch (ProgramNotStartedException failure) {
      error().println("cvm: " + failure.getMessage());
      error().flush();
      return failure.reason().shellStatus();
    }
  }

  private int run(ControlSocket.Claim claim, Deployment deployment)
      throws IOException, InterruptedException {
    PrintWriter output = specification.commandLine().getOut();
    for (RunningService service : deployment.services()) {
      service
          .log()
          .listen(
              line -> {
                synchronized (output) {
                  output.println(service.name() + " | " + line);
                  output.flush();
                }
              });
    }
    try (ServerSocketChannel socket = claim.listen();
        DescriptorSocket streams = claim.receiveStreams();
        ControlServer server = new ControlServer(deployment, streams)) {
      Thread.ofPlatform().daemon().name("control").start(() -> server.serve(socket));
      TerminalSignals.forwardExceptQuit(
          signal -> {
            if (signal == Signal.SIGINT || signal == Signal.SIGTERM) {
              Thread.ofPlatform().daemon().name("stop").start(() -> stop(deployment));
            }
          });
      deployment.start();
      return deployment.awaitEnd();
    }
  }

  private static void stop(Deployment deployment) {
    try {
      deployment.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs the same command, without the option, in a session of its own. */
  private int detached(ControlSocket control) throws IOException, InterruptedException {
    if (control.answers()) {
      throw new ComposeException(file + ": is up already");
    }
    ProcessHandle.Info own = ProcessHandle.current().info();
    List<String> words = new ArrayList<>(List.of("setsid", own.command().orElseThrow()));
    for (String word : own.arguments().orElseThrow()) {
      if (!DETACH.contains(word)) {
        words.add(word);
      }
    }
    Path errors = Files.createTempFile("cvm", ".error");
    try {
      Process process =
          new ProcessBuilder(words)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(Redirect.DISCARD)
              .redirectError(errors.toFile())
              .start();
      while (!control.answers()) {
        if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
          return failed(process, errors);
        }
      }
      // The reason is in what the process itself says, not in the answer.
      PrintWriter nowhere = new PrintWriter(java.io.Writer.nullWriter());
      if (ControlClient.ask(control, List.of("ready"), nowhere, nowhere) == 0) {
        return 0;
      }
      process.waitFor();
      return failed(process, errors);
    } finally {
      Files.delete(errors);
    }
  }

  private int failed(Process process, Path errors) throws IOException {
    error().print(Files.readString(errors));
    error().flush();
    return process.exitValue();
  }

  private PrintWriter error() {
    return specification.commandLine().getErr();
  }
}
