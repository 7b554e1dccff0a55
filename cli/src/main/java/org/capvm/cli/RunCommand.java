package org.capvm.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.capvm.engine.CapVm;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.engine.ExitStatus;
import org.capvm.engine.Network;
import org.capvm.engine.ProgramNotStartedException;
import org.capvm.engine.Publication;
import org.capvm.image.HostMount;
import org.capvm.image.RootFileSystem;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cvm run}: one program in a cVM of its own. */
@Command(
    name = "run",
    description = {
      "Runs a program in a cVM of its own.",
      "",
      "Ends with the program's status, 128 plus the number of the signal that ended it, 125 if"
          + " CapVM failed, 126 if the program cannot be run, or 127 if it is not there."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class RunCommand implements Callable<Integer> {
  @Spec private CommandSpec specification;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description =
          "Use this host directory as the root of the file tree, instead of the host's system"
              + " directories.")
  private Path root;

  @Option(
      names = {"-v", "--volume"},
      paramLabel = "HOST:GUEST[:ro|rw]",
      converter = HostMountConverter.class,
      description = "Make a host directory or file visible; writable unless ':ro' is said.")
  private List<HostMount> mounts = List.of();

  @Option(
      names = {"-w", "--workdir"},
      paramLabel = "DIR",
      defaultValue = "/",
      description = "The working directory in the cVM (default: ${DEFAULT-VALUE}).")
  private String workingDirectory;

  @Option(
      names = {"-e", "--env"},
      paramLabel = "NAME[=VALUE]",
      description = "Set an environment variable; without a value, to the one it has here.")
  private List<String> environment = List.of();

  @Option(
      names = "--hostname",
      paramLabel = "NAME",
      defaultValue = "cvm",
      description = "The cVM's host name (default: ${DEFAULT-VALUE}).")
  private String hostname;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = MemorySize.Converter.class,
      description =
          "Limit the memory of the cVM's processes, 512M or 2G for instance (default: 2G).")
  private MemorySize memory = new MemorySize(CvmConfiguration.DEFAULT_MEMORY_LIMIT_BYTES);

  @Option(
      names = "--pids-limit",
      paramLabel = "COUNT",
      description = "Limit the threads of the cVM's processes (default: 4096).")
  private int tasks = CvmConfiguration.DEFAULT_TASK_LIMIT;

  @Option(
      names = "--cpus",
      paramLabel = "COUNT",
      description = "Limit the processors that the cVM's processes have and see (default: all).")
  private int processors = CvmConfiguration.ALL_PROCESSORS;

  @Option(
      names = "--disk",
      paramLabel = "SIZE",
      converter = MemorySize.Converter.class,
      description = "Limit what is written outside mounted directories (default: 16G).")
  private MemorySize disk = new MemorySize(CvmConfiguration.DEFAULT_DISK_LIMIT_BYTES);

  @Option(
      names = {"-p", "--publish"},
      paramLabel = "[ADDR:]HOSTPORT:PORT|HOSTPATH:PATH",
      converter = PublicationConverter.class,
      description =
          "Let the host connect to a port of the cVM, on 127.0.0.1 unless ADDR is said; or to an"
              + " AF_UNIX socket (a path or @abstract name), by a socket file of the host.")
  private List<Publication> publications = List.of();

  @Option(
      names = "--net",
      paramLabel = "none|private|host",
      converter = NetworkConverter.class,
      description =
          "What the cVM reaches: nothing, published ports included; nothing, with published ports"
              + " reachable from the host; or what the host reaches (default: private).")
  private Network network = Network.PRIVATE;

  @Option(names = "--trace", description = "Print every system call, in strace's format.")
  private boolean trace;

  @Option(
      names = "--stats",
      description =
          "Print at the end which system calls were used, what was translated, and memory.")
  private boolean statistics;

  @Option(
      names = "--verify",
      description =
          "Check every piece of translated code against the isolation invariants before it runs.")
  private boolean verify;

  @Option(
      names = "--lockdown",
      description =
          "Take from this process what no cVM needs of the host, by a seccomp filter: starting"
              + " programs, looking into other processes, mounting and the like.")
  private boolean lockdown;

  @Parameters(
      arity = "1..*",
      paramLabel = "PROGRAM [ARG...]",
      description = "The program, looked for in the cVM's own file tree, and its arguments.")
  private List<String> command;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter error = specification.commandLine().getErr();
    AtomicReference<Cvm> running = new AtomicReference<>();
    TerminalSignals.forward(
        signal -> {
          Cvm cvm = running.get();
          if (cvm != null) {
            cvm.signal(signal);
          }
        });
    try (CapVm capVm = CapVm.open(verify)) {
      if (lockdown) {
        capVm.lockDown();
      }
      return run(capVm, running, error);
    } catch (ProgramNotStartedException failure) {
      error.println("cvm: " + failure.getMessage());
      error.flush();
      return failure.reason().shellStatus();
    }
  }

  private int run(CapVm capVm, AtomicReference<Cvm> running, PrintWriter error)
      throws InterruptedException {
    try (Cvm cvm = capVm.start(configuration(error))) {
      running.set(cvm);
      ExitStatus status = cvm.waitFor();
      if (status instanceof ExitStatus.Killed killed) {
        killed.fault().ifPresent(fault -> error.print(trace ? fault.report() : headline(fault)));
      }
      if (statistics) {
        error.print(StatisticsReport.of(cvm.statistics(), capVm.translation()));
      }
      error.flush();
      return status.shellStatus();
    }
  }

  /** The first line says what happened where; the rest are registers and stack. */
  private static String headline(ExitStatus.Fault fault) {
    return "cvm: " + fault.report().lines().findFirst().orElse("") + System.lineSeparator();
  }

  private CvmConfiguration configuration(PrintWriter traceTo) {
    CvmConfiguration.Builder builder =
        CvmConfiguration.builder(command.getFirst())
            .arguments(command.subList(1, command.size()))
            .workingDirectory(workingDirectory)
            .hostname(hostname)
            .memoryLimitBytes(memory.bytes())
            .taskLimit(tasks)
            .processorLimit(processors)
            .diskLimitBytes(disk.bytes());
    if (root != null) {
      builder.rootFileSystem(RootFileSystem.directory(root));
    }
    mounts.forEach(builder::mount);
    builder.network(network);
    publications.forEach(builder::publish);
    String terminal = System.getenv("TERM");
    if (terminal != null) {
      builder.environment("TERM", terminal);
    }
    for (String setting : environment) {
      int equals = setting.indexOf('=');
      String name = equals < 0 ? setting : setting.substring(0, equals);
      String value = equals < 0 ? System.getenv(setting) : setting.substring(equals + 1);
      if (value != null) {
        builder.environment(name, value);
      }
    }
    if (trace) {
      builder.trace(
          line -> {
            traceTo.println(line);
            traceTo.flush();
          });
    }
    return builder.build();
  }
}
