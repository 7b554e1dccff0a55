package org.capvm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What can be asked of the cVMs that {@code cvm up} started. */
final class ControlCommands {
  private ControlCommands() {}

  /** A request about one file. */
  abstract static class Request implements Callable<Integer> {
    @Spec private CommandSpec specification;

    @Option(
        names = {"-f", "--file"},
        paramLabel = "FILE",
        defaultValue = "cvm.yaml",
        description = "The file that is up (default: ${DEFAULT-VALUE}).")
    private Path file;

    abstract List<String> words();

    /** Makes the request, once somebody answers. */
    int ask(ControlSocket control) throws IOException, InterruptedException {
      return ControlClient.ask(
          control,
          words(),
          specification.commandLine().getOut(),
          specification.commandLine().getErr());
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
      return ask(ControlSocket.of(file));
    }
  }

  /** {@code cvm ps}. */
  @Command(
      name = "ps",
      description = "Lists the cVMs of a file that is up, and how each is.",
      mixinStandardHelpOptions = true)
  static final class Ps extends Request {
    @Override
    List<String> words() {
      return List.of("ps");
    }
  }

  /** {@code cvm down}. */
  @Command(
      name = "down",
      description =
          "Stops the cVMs of a file that is up, in reverse order, and returns when they have"
              + " ended.",
      mixinStandardHelpOptions = true)
  static final class Down extends Request {
    @Override
    List<String> words() {
      return List.of("down");
    }

    /** The file can be brought up again when this returns. */
    @Override
    int ask(ControlSocket control) throws IOException, InterruptedException {
      try (ControlSocket.Release release = control.release()) {
        int status = super.ask(control);
        if (status == 0) {
          release.await();
        }
        return status;
      }
    }
  }

  /** {@code cvm logs}. */
  @Command(
      name = "logs",
      description = "Prints what the cVMs of a file that is up wrote lately.",
      mixinStandardHelpOptions = true)
  static final class Logs extends Request {
    @Option(names = "--follow", description = "Go on with what they write from now on.")
    private boolean follow;

    @Parameters(arity = "0..1", paramLabel = "CVM", description = "Of this cVM alone.")
    private String cvm;

    @Override
    List<String> words() {
      List<String> words = new ArrayList<>(List.of("logs", follow ? "follow" : "once"));
      if (cvm != null) {
        words.add(cvm);
      }
      return words;
    }
  }

  /** {@code cvm exec}. */
  @Command(
      name = "exec",
      description = {
        "Runs one more program in a cVM of a file that is up, on this terminal or these pipes.",
        "",
        "Ends with the program's status, 128 plus the number of the signal that ended it, 125 if"
            + " CapVM failed, 126 if the program cannot be run, or 127 if it is not there."
      },
      mixinStandardHelpOptions = true)
  static final class Exec extends Request {
    @Parameters(index = "0", paramLabel = "CVM", description = "The cVM's name in the file.")
    private String cvm;

    @Parameters(
        index = "1..*",
        arity = "1..*",
        paramLabel = "PROGRAM [ARG...]",
        description = "The program and its arguments.")
    private List<String> command;

    private long streams;

    @Override
    int ask(ControlSocket control) throws IOException, InterruptedException {
      streams = control.sendStreams();
      return super.ask(control);
    }

    @Override
    List<String> words() {
      List<String> words = new ArrayList<>(List.of("exec", cvm, Long.toString(streams)));
      words.addAll(command);
      return words;
    }
  }

  /** {@code cvm schema}. */
  @Command(
      name = "schema",
      description = "Prints the JSON schema of files for 'cvm up'.",
      mixinStandardHelpOptions = true)
  static final class Schema implements Callable<Integer> {
    @Spec private CommandSpec specification;

    @Option(names = "--markdown", description = "Print a table for people instead.")
    private boolean markdown;

    @Override
    public Integer call() {
      specification
          .commandLine()
          .getOut()
          .print(markdown ? ComposeSchema.markdown() : ComposeSchema.json());
      specification.commandLine().getOut().flush();
      return 0;
    }
  }
}
