package org.capvm.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The {@code cvm} command.
 *
 * <p>Exits with {@link #FAILURE} when CapVM itself cannot do what was asked, so that a caller can
 * tell its failures from those of the program that ran inside.
 */
@Command(
    name = "cvm",
    description = "Runs unmodified Linux programs in capability-confined virtual machines.",
    version = "cvm 0.1.0",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      RunCommand.class,
      UpCommand.class,
      ControlCommands.Down.class,
      ControlCommands.Ps.class,
      ControlCommands.Logs.class,
      ControlCommands.Exec.class,
      ControlCommands.Schema.class,
      SyscallsCommand.class
    })
public final class Main implements Runnable {

  /** The exit status of CapVM's own failures, bad usage included. */
  public static final int FAILURE = 125;

  private final CommandLine commandLine;

  private Main() {
    commandLine =
        new CommandLine(this)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler(
                (failure, arguments) -> {
                  CommandLine command = failure.getCommandLine();
                  String name = command.getCommandSpec().qualifiedName();
                  command
                      .getErr()
                      .println("cvm: " + failure.getMessage() + "; see " + name + " --help");
                  return FAILURE;
                })
            .setExecutionExceptionHandler(
                (failure, command, parsed) -> {
                  command.getErr().println("cvm: " + failure.getMessage());
                  return FAILURE;
                });
    // What follows the program's name is the program's own.
    commandLine.getSubcommands().get("run").setStopAtPositional(true);
    commandLine.getSubcommands().get("exec").setStopAtPositional(true);
  }

  /**
   * Runs one command and exits with its status.
   *
   * @param arguments the words of the command line, without the program's name
   */
  public static void main(String[] arguments) {
    System.exit(new Main().commandLine.execute(arguments));
  }

  @Override
  public void run() {
    commandLine.usage(commandLine.getOut());
  }
}
