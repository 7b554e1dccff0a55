package org.capvm.engine;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.capability.CallGrants;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.file.MountTable;
import org.capvm.libos.file.dev.DeviceTree;
import org.capvm.libos.file.dev.Terminal;
import org.capvm.libos.file.proc.ProcFileSystem;
import org.capvm.libos.file.proc.SysFileSystem;
import org.capvm.libos.file.pty.Pseudoterminals;
import org.capvm.libos.file.shared.SharedFiles;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.net.NetworkMode;
import org.capvm.libos.net.NetworkNamespace;
import org.capvm.libos.net.UnixAddress;
import org.capvm.libos.process.DeathReport;
import org.capvm.libos.process.Process;
import org.capvm.libos.processor.ProcessorUser;
import org.capvm.libos.trace.StraceTrace;
import org.capvm.monitor.Intravisor;

/**
 * A running cVM. It ends with its first process; what else runs in it then is killed.
 *
 * <p>Threads: any.
 */
public final class Cvm implements AutoCloseable {
  private final LibraryOs libraryOs;
  private final MountTable mounts;
  private final StandardDescriptors streams;
  private final Process first;
  private final AtomicReference<ExitStatus.Fault> lastFault;
  private final Consumer<Cvm> onClose;
  private final CvmConfiguration configuration;
  private boolean closed;

  private Cvm(
      LibraryOs libraryOs,
      MountTable mounts,
      StandardDescriptors streams,
      Process first,
      AtomicReference<ExitStatus.Fault> lastFault,
      CvmConfiguration configuration,
      Consumer<Cvm> onClose) {
    this.configuration = configuration;
    this.libraryOs = libraryOs;
    this.mounts = mounts;
    this.streams = streams;
    this.first = first;
    this.lastFault = lastFault;
    this.onClose = onClose;
  }

  /** Makes a cVM; see {@link CapVm#start}. */
  static Cvm start(
      Intravisor intravisor,
      CvmConfiguration configuration,
      Function<String, Optional<NetworkNamespace>> peers,
      Consumer<Cvm> onClose) {
    AtomicReference<ExitStatus.Fault> lastFault = new AtomicReference<>();
    MemoryLimit memory = new MemoryLimit(configuration.memoryLimitBytes(), intravisor.mappings());
    LibraryOs libraryOs =
        new LibraryOs(
            intravisor,
            memory,
            configuration.taskLimit(),
            configuration.processorLimit(),
            configuration.hostname(),
            configuration.trace().map(StraceTrace::new).orElse(null),
            new Obituaries(lastFault),
            network(configuration, memory),
            configuration.calls().map(CallGrants::new).orElse(null));
    StandardDescriptors streams = StandardDescriptors.open(configuration.start());
    MountTable mounts = null;
    try {
      Terminal terminal = streams.terminal();
      mounts = GuestTree.build(configuration, kernelFileSystems(libraryOs, streams, terminal));
      link(configuration, libraryOs.network(), mounts, peers);
      Process first =
          RunningProgram.launch(
              libraryOs, mounts, configuration.start(), streams, terminal, () -> {});
      return new Cvm(libraryOs, mounts, streams, first, lastFault, configuration, onClose);
    } catch (RuntimeException failure) {
      if (mounts != null) {
        mounts.close();
      }
      streams.close();
      libraryOs.close();
      throw failure;
    }
  }

  private static NetworkNamespace network(CvmConfiguration configuration, MemoryLimit memory) {
    NetworkMode mode =
        switch (configuration.network()) {
          case NONE -> NetworkMode.NONE;
          case PRIVATE -> NetworkMode.PRIVATE;
          case HOST -> NetworkMode.HOST;
        };
    NetworkNamespace network = new NetworkNamespace(mode, memory);
    for (Publication publication : configuration.publications()) {
      try {
        publish(network, publication);
      } catch (ErrnoException refusal) {
        network.close();
        String address =
            switch (publication) {
              case PortMapping port ->
                  "port " + port.host().getPort() + " on " + port.host().getHostString();
              case SocketMapping socket -> "socket " + socket.host();
            };
        throw new CvmConfigurationException(
            address + ": " + Errno.message(refusal.errno()), refusal);
      }
    }
    return network;
  }

  private static void publish(NetworkNamespace network, Publication publication) {
    switch (publication) {
      case PortMapping port ->
          network.publish(port.host().getAddress(), port.host().getPort(), port.guestPort());
      case SocketMapping socket ->
          network.publish(
              socket.host(), address(socket.host().toString()), address(socket.guestName()));
    }
  }

  private static void link(
      CvmConfiguration configuration,
      NetworkNamespace network,
      MountTable mounts,
      Function<String, Optional<NetworkNamespace>> peers) {
    Caller caller = Caller.system(new FileSystemContext(mounts));
    for (Link link : configuration.links()) {
      Supplier<Optional<NetworkNamespace>> peer = () -> peers.apply(link.peer());
      switch (link) {
        case Link.Tcp tcp -> network.linkPort(tcp.port(), peer, tcp.peerPort());
        case Link.Unix unix -> {
          try {
            network.linkUnix(caller, address(unix.name()), peer, address(unix.peerName()));
          } catch (ErrnoException refusal) {
            throw new CvmConfigurationException(
                "link " + unix.name() + ": " + Errno.message(refusal.errno()), refusal);
          }
        }
      }
    }
  }

  private static UnixAddress address(String name) {
    String bytes = GuestTree.bytes(name);
    return name.startsWith("@")
        ? new UnixAddress(bytes.substring(1), true)
        : new UnixAddress(bytes, false);
  }

  /** Whether links to a host name may lead here. */
  boolean isLinkTarget(String hostname) {
    return configuration.hostname().equals(hostname) && configuration.network() != Network.NONE;
  }

  NetworkNamespace network() {
    return libraryOs.network();
  }

  /** Who takes the cVM's share of the processors. */
  ProcessorUser processorUser() {
    return libraryOs;
  }

  private static Map<String, FileSystem> kernelFileSystems(
      LibraryOs libraryOs, StandardDescriptors streams, Terminal terminal) {
    Map<String, FileSystem> fileSystems = new LinkedHashMap<>();
    fileSystems.put("/proc", ProcFileSystem.make(libraryOs));
    fileSystems.put("/sys", SysFileSystem.make(libraryOs.processorRoom().visible()));
    Pseudoterminals pseudoterminals = new Pseudoterminals(libraryOs);
    fileSystems.put(
        "/dev", DeviceTree.make(pseudoterminals, terminal, streams.terminalDescriptor()));
    fileSystems.put("/dev/pts", pseudoterminals.fileSystem());
    fileSystems.put("/cap", SharedFiles.make(libraryOs.compartment()));
    return fileSystems;
  }

  /**
   * Starts one more program in the running cVM, which goes on when that ends.
   *
   * @return the running program; whoever starts it closes it
   * @throws ProgramNotStartedException if there is no such program in the cVM, or it cannot be run,
   *     or the cVM has ended
   * @throws CvmConfigurationException if the start names something that is not there
   */
  public RunningProgram exec(ProgramStart start) {
    return RunningProgram.start(libraryOs, mounts, start);
  }

  /**
   * Waits for the first process's end.
   *
   * @throws InterruptedException if the waiting thread is interrupted; the cVM goes on
   */
  public ExitStatus waitFor() throws InterruptedException {
    return status(first.awaitEnd());
  }

  /**
   * Waits for the first process's end, but not for ever.
   *
   * @return empty if it is still running
   * @throws InterruptedException if the waiting thread is interrupted; the cVM goes on
   */
  public Optional<ExitStatus> waitFor(Duration longest) throws InterruptedException {
    return first.awaitEnd(longest).map(this::status);
  }

  private ExitStatus status(org.capvm.libos.process.ExitStatus end) {
    return end.signal() == 0
        ? new ExitStatus.Exited(end.code())
        : new ExitStatus.Killed(end.signal(), Optional.ofNullable(lastFault.get()));
  }

  /**
   * Sends a signal to the first process, as from outside.
   *
   * @param signal Linux's number
   */
  public void signal(int signal) {
    first.signal(signal);
  }

  /** Ends all processes; they cannot refuse. Does not wait. */
  public void kill() {
    for (Process process : libraryOs.processes().processes()) {
      process.exitGroup(org.capvm.libos.process.ExitStatus.killed(Signal.SIGKILL, false));
    }
  }

  /** The host's numbers of the published ports, in the configuration's order. */
  public List<Integer> hostPorts() {
    return libraryOs.network().hostPorts();
  }

  /** What the cVM has used so far. */
  public CvmStatistics statistics() {
    return CvmStatistics.of(libraryOs);
  }

  /** Ends all processes, waits until they have gone, and gives back all that the cVM held. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    boolean interrupted = false;
    for (List<Process> left = alive(); !left.isEmpty(); left = alive()) {
      kill();
      try {
        left.getFirst().awaitEnd();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    mounts.close();
    streams.close();
    libraryOs.close();
    onClose.accept(this);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Keeps the last fault, and prints what CapVM's own failures leave to print. */
  private record Obituaries(AtomicReference<ExitStatus.Fault> lastFault)
      implements DeathReport.Listener {
    @Override
    public void died(DeathReport report) {
      lastFault.set(
          new ExitStatus.Fault(
              report.guestPc(), report.code(), report.guestAddress(), report.details()));
    }

    @Override
    public void failed(String text) {
      System.getLogger("org.capvm").log(System.Logger.Level.ERROR, text);
    }
  }

  private List<Process> alive() {
    return libraryOs.processes().processes().stream()
        .filter(process -> process.ended() == null)
        .toList();
  }
}
