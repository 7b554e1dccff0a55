package org.capvm.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.capvm.image.HostMount;
import org.capvm.image.RootFileSystem;

/**
 * All that a cVM is given. What is not listed here it does not have.
 *
 * @param program the program's path in the cVM; without a slash it is looked for in the {@code
 *     PATH} of {@code environment}
 * @param arguments the words after the program's own name
 * @param environment the environment variables, in the order the program sees them
 * @param rootFileSystem what the cVM's file tree consists of
 * @param mounts host directories and files that are visible besides
 * @param workingDirectory an absolute path in the cVM
 * @param hostname what {@code uname} answers; 1 to 64 characters
 * @param memoryLimitBytes how much memory the cVM's processes may have together, above 0
 * @param taskLimit how many threads its processes may have together, a process without others
 *     counting as one; above 0. More are EAGAIN
 * @param processorLimit how many of the host's processors its processes have at most, and see;
 *     above 0. {@link #ALL_PROCESSORS}: as many as there are
 * @param diskLimitBytes how much its private layer of files may hold, above 0. More is ENOSPC
 * @param network what the cVM reaches
 * @param publications what the host reaches of the cVM; empty for {@link Network#NONE}
 * @param links what the cVM reaches of other cVMs; empty for {@link Network#NONE}
 * @param calls who may call which of the functions that its programs export for CP_Call: host names
 *     of cVMs ({@code *}: of all) by the function's name. They are granted when the function is
 *     exported, and no program can grant more. Empty: programs grant as they like
 * @param standardInput what descriptor 0 is connected to
 * @param standardOutput what descriptor 1 is connected to
 * @param standardError what descriptor 2 is connected to
 * @param trace receives one line for every system call, in strace's format, on the thread that made
 *     it
 */
public record CvmConfiguration(
    String program,
    List<String> arguments,
    Map<String, String> environment,
    RootFileSystem rootFileSystem,
    List<HostMount> mounts,
    String workingDirectory,
    String hostname,
    long memoryLimitBytes,
    int taskLimit,
    int processorLimit,
    long diskLimitBytes,
    Network network,
    List<Publication> publications,
    List<Link> links,
    Optional<Map<String, Set<String>>> calls,
    StandardStream standardInput,
    StandardStream standardOutput,
    StandardStream standardError,
    Optional<Consumer<String>> trace) {

  /** Half of what a guest address space can hold; leaves room for the program's own mappings. */
  public static final long DEFAULT_MEMORY_LIMIT_BYTES = 2L << 30;

  /** As many as a user of a small Linux machine may have. */
  public static final int DEFAULT_TASK_LIMIT = 4096;

  /** As many as the JVM was given at its start. */
  public static final int ALL_PROCESSORS = Integer.MAX_VALUE;

  /** Room for most programs; nothing is set aside. */
  public static final long DEFAULT_DISK_LIMIT_BYTES = 16L << 30;

  private static final int LONGEST_HOSTNAME = 64;

  /** Checks what can be checked without looking at the host. */
  public CvmConfiguration {
    if (program.isEmpty()) {
      throw new IllegalArgumentException("the program's name is empty");
    }
    arguments = List.copyOf(arguments);
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    Objects.requireNonNull(rootFileSystem);
    mounts = List.copyOf(mounts);
    if (!workingDirectory.startsWith("/")) {
      throw new IllegalArgumentException(
          "the working directory must be an absolute path in the cVM: " + workingDirectory);
    }
    if (hostname.isEmpty() || hostname.length() > LONGEST_HOSTNAME) {
      throw new IllegalArgumentException("a hostname has 1 to 64 characters: " + hostname);
    }
    if (memoryLimitBytes <= 0) {
      throw new IllegalArgumentException("the memory limit must be above 0: " + memoryLimitBytes);
    }
    if (taskLimit <= 0) {
      throw new IllegalArgumentException("the limit of threads must be above 0: " + taskLimit);
    }
    if (processorLimit <= 0) {
      throw new IllegalArgumentException(
          "the limit of processors must be above 0: " + processorLimit);
    }
    if (diskLimitBytes <= 0) {
      throw new IllegalArgumentException("the disk limit must be above 0: " + diskLimitBytes);
    }
    Objects.requireNonNull(network);
    publications = List.copyOf(publications);
    if (network == Network.NONE && !publications.isEmpty()) {
      throw new IllegalArgumentException("without a network, nothing can be published");
    }
    links = List.copyOf(links);
    if (network == Network.NONE && !links.isEmpty()) {
      throw new IllegalArgumentException("without a network, there are no links to other cVMs");
    }
    Set<Object> linked = new HashSet<>();
    for (Link link : links) {
      Object address =
          switch (link) {
            case Link.Tcp tcp -> tcp.port();
            case Link.Unix unix -> unix.name();
          };
      if (!linked.add(address)) {
        throw new IllegalArgumentException("two links lead from " + address);
      }
    }
    Objects.requireNonNull(calls);
    Objects.requireNonNull(standardInput);
    Objects.requireNonNull(standardOutput);
    Objects.requireNonNull(standardError);
    Objects.requireNonNull(trace);
  }

  /** The same with other standard streams. */
  public CvmConfiguration withStreams(
      StandardStream input, StandardStream output, StandardStream error) {
    return new CvmConfiguration(
        program,
        arguments,
        environment,
        rootFileSystem,
        mounts,
        workingDirectory,
        hostname,
        memoryLimitBytes,
        taskLimit,
        processorLimit,
        diskLimitBytes,
        network,
        publications,
        links,
        calls,
        input,
        output,
        error,
        trace);
  }

  /** How the cVM's first program is started. */
  ProgramStart start() {
    return new ProgramStart(
        program,
        arguments,
        environment,
        workingDirectory,
        standardInput,
        standardOutput,
        standardError);
  }

  /**
   * Starts from the defaults: the system's root, a small environment, the JVM's own standard
   * streams.
   */
  public static Builder builder(String program) {
    return new Builder(program);
  }

  /** Collects a configuration. Not thread-safe. */
  public static final class Builder {
    private final String program;
    private final List<String> arguments = new ArrayList<>();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private RootFileSystem rootFileSystem = RootFileSystem.system();
    private final List<HostMount> mounts = new ArrayList<>();
    private String workingDirectory = "/";
    private String hostname = "cvm";
    private long memoryLimitBytes = DEFAULT_MEMORY_LIMIT_BYTES;
    private int taskLimit = DEFAULT_TASK_LIMIT;
    private int processorLimit = ALL_PROCESSORS;
    private long diskLimitBytes = DEFAULT_DISK_LIMIT_BYTES;
    private Network network = Network.PRIVATE;
    private final List<Publication> publications = new ArrayList<>();
    private final List<Link> links = new ArrayList<>();
    private Optional<Map<String, Set<String>>> calls = Optional.empty();
    private StandardStream standardInput = StandardStream.inherited();
    private StandardStream standardOutput = StandardStream.inherited();
    private StandardStream standardError = StandardStream.inherited();
    private Optional<Consumer<String>> trace = Optional.empty();

    private Builder(String program) {
      this.program = program;
      environment.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
      environment.put("HOME", "/root");
    }

    /** Adds words after the program's name. */
    public Builder arguments(List<String> words) {
      arguments.addAll(words);
      return this;
    }

    /** Sets one environment variable. */
    public Builder environment(String name, String value) {
      environment.put(name, value);
      return this;
    }

    /** Drops every environment variable, the defaults included. */
    public Builder emptyEnvironment() {
      environment.clear();
      return this;
    }

    /** Replaces the root file system. */
    public Builder rootFileSystem(RootFileSystem root) {
      rootFileSystem = root;
      return this;
    }

    /** Makes one more host directory or file visible. */
    public Builder mount(HostMount mount) {
      mounts.add(mount);
      return this;
    }

    /** Sets the working directory, a path in the cVM. */
    public Builder workingDirectory(String guestPath) {
      workingDirectory = guestPath;
      return this;
    }

    /** Sets the host name. */
    public Builder hostname(String name) {
      hostname = name;
      return this;
    }

    /** Sets the memory limit. */
    public Builder memoryLimitBytes(long bytes) {
      memoryLimitBytes = bytes;
      return this;
    }

    /** Sets how many threads there may be. */
    public Builder taskLimit(int tasks) {
      taskLimit = tasks;
      return this;
    }

    /** Sets how many processors there are. */
    public Builder processorLimit(int processors) {
      processorLimit = processors;
      return this;
    }

    /** Sets how much may be written to the private layer. */
    public Builder diskLimitBytes(long bytes) {
      diskLimitBytes = bytes;
      return this;
    }

    /** Sets what the cVM reaches. */
    public Builder network(Network reach) {
      network = reach;
      return this;
    }

    /** Makes one more port, or AF_UNIX name, of the cVM reachable from the host. */
    public Builder publish(Publication publication) {
      publications.add(publication);
      return this;
    }

    /** Lets the cVM reach one more address of another cVM. */
    public Builder link(Link link) {
      links.add(link);
      return this;
    }

    /** Decides who may call which exported function, instead of the programs. */
    public Builder calls(Map<String, Set<String>> callers) {
      calls = Optional.of(callers);
      return this;
    }

    /** Connects descriptor 0. */
    public Builder standardInput(StandardStream stream) {
      standardInput = stream;
      return this;
    }

    /** Connects descriptor 1. */
    public Builder standardOutput(StandardStream stream) {
      standardOutput = stream;
      return this;
    }

    /** Connects descriptor 2. */
    public Builder standardError(StandardStream stream) {
      standardError = stream;
      return this;
    }

    /** Has every system call reported. */
    public Builder trace(Consumer<String> lines) {
      trace = Optional.of(lines);
      return this;
    }

    /** The configuration. */
    public CvmConfiguration build() {
      return new CvmConfiguration(
          program,
          arguments,
          environment,
          rootFileSystem,
          mounts,
          workingDirectory,
          hostname,
          memoryLimitBytes,
          taskLimit,
          processorLimit,
          diskLimitBytes,
          network,
          publications,
          links,
          calls,
          standardInput,
          standardOutput,
          standardError,
          trace);
    }
  }
}
