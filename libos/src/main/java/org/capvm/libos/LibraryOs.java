package org.capvm.libos;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.capvm.libos.capability.CallGrants;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.futex.FutexTable;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.ipc.IpcNamespace;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.memory.MemoryFile;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.memory.SpareSlots;
import org.capvm.libos.net.NetworkNamespace;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.DeathReport;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.ProcessStarter;
import org.capvm.libos.process.ProcessTable;
import org.capvm.libos.process.ProgramFile;
import org.capvm.libos.process.Task;
import org.capvm.libos.process.TaskThreads;
import org.capvm.libos.processor.ProcessorRoom;
import org.capvm.libos.processor.ProcessorSet;
import org.capvm.libos.processor.ProcessorUser;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.libos.trace.TraceSink;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.channel.Channels;
import org.capvm.monitor.channel.Compartment;

/** The library OS of one cVM: what its processes share. Thread-safe. */
public final class LibraryOs implements AutoCloseable, ProcessorUser {
  /**
   * What the most expensive capability takes of the Java heap: one of a published object, with a
   * name of 255 bytes. A cVM holds no more of them than its memory limit has room for.
   */
  private static final long BYTES_OF_A_CAPABILITY = 1024;

  private final Intravisor intravisor;
  private final MemoryLimit memoryLimit;
  private final SpareSlots spareSlots;
  private final MemoryFile memoryFile = new MemoryFile();
  private final TraceSink traceSink;
  private final DeathReport.Listener deaths;
  private final NetworkNamespace network;
  private final CallGrants callGrants;
  private final ProcessTable processes;
  private final TaskThreads threads = new TaskThreads();
  private final ProcessorRoom processorRoom;
  private final FutexTable futexes = new FutexTable();
  private final IpcNamespace ipc = new IpcNamespace();
  private final CallStatistics statistics = new CallStatistics();
  private final Dispatcher dispatcher;
  private final Compartment compartment;
  private final long startNanos = System.nanoTime();
  private volatile String hostName;
  private volatile String domainName = "(none)";

  /**
   * @param intravisor the monitor below
   * @param memoryLimit what the processes and the network are charged to; how many capabilities
   *     there may be follows from it
   * @param maxTasks how many threads, of all processes together, there may be at a time
   * @param maxProcessors how many processors the tasks may have together
   * @param hostName what {@code uname} says at first
   * @param traceSink hears of every call, or null
   * @param deaths hears of processes that die of a fault
   * @param network closed with this
   * @param callGrants who may call functions that programs export; null: whoever they grant them to
   */
  public LibraryOs(
      Intravisor intravisor,
      MemoryLimit memoryLimit,
      int maxTasks,
      int maxProcessors,
      String hostName,
      TraceSink traceSink,
      DeathReport.Listener deaths,
      NetworkNamespace network,
      CallGrants callGrants) {
    this.intravisor = intravisor;
    this.processes = new ProcessTable(maxTasks);
    this.processorRoom = new ProcessorRoom(maxProcessors);
    this.memoryLimit = memoryLimit;
    this.spareSlots = new SpareSlots(intravisor, memoryFile, memoryLimit);
    this.hostName = hostName;
    this.traceSink = traceSink;
    this.deaths = deaths;
    this.network = network;
    this.callGrants = callGrants;
    this.dispatcher = new Dispatcher(traceSink, statistics);
    long capabilities =
        Math.min(Channels.DEFAULT_QUOTA, memoryLimit.limitBytes() / BYTES_OF_A_CAPABILITY);
    this.compartment = intravisor.channels().newCompartment(hostName, (int) capabilities);
  }

  /**
   * Starts a process that has no parent in the cVM, on a thread of its own; the first one ends the
   * cVM with its own end.
   *
   * @param opener finds program files, with the rights that the process will have
   * @param path the program; one byte per character
   * @throws ErrnoException why the program cannot be executed, as {@code execve} says
   */
  public Process start(
      ProgramFile.Opener opener,
      String path,
      List<byte[]> arguments,
      List<byte[]> environment,
      Credentials credentials,
      FileDescriptorTable files,
      FileSystemContext fileSystem) {
    return new ProcessStarter(this)
        .start(opener, path, arguments, environment, credentials, files, fileSystem);
  }

  /** The processes and tasks. */
  public ProcessTable processes() {
    return processes;
  }

  /** What the tasks run on. */
  public TaskThreads threads() {
    return threads;
  }

  /** The processors that the tasks run on. */
  public ProcessorRoom processorRoom() {
    return processorRoom;
  }

  @Override
  public int processorLimit() {
    return processorRoom.visible().count();
  }

  @Override
  public double load() {
    return processes.load();
  }

  @Override
  public long allocatedBytes() {
    return threads.allocatedBytes();
  }

  @Override
  public void confineTo(ProcessorSet processors) {
    // Before: a task that is not in the table yet looks at the room when its thread begins.
    processorRoom.set(processors);
    processes.tasks().forEach(task -> task.affinity().apply());
  }

  /** Where tasks wait for futexes. */
  public FutexTable futexes() {
    return futexes;
  }

  /** System V's shared memory, semaphores and message queues. */
  public IpcNamespace ipc() {
    return ipc;
  }

  /** The monitor below. */
  public Intravisor intravisor() {
    return intravisor;
  }

  /** What the cVM holds of others and offers to them. */
  public Compartment compartment() {
    return compartment;
  }

  /** Who may call the functions that programs export; null: whoever they grant them to. */
  public CallGrants callGrants() {
    return callGrants;
  }

  /** What the processes may take and have taken. */
  public MemoryLimit memoryLimit() {
    return memoryLimit;
  }

  /**
   * Makes an address space without anything in it.
   *
   * @throws ErrnoException ENOMEM if the host has no room for a slot
   */
  public AddressSpace newAddressSpace() {
    return new AddressSpace(memoryFile, memoryLimit, spareSlots);
  }

  /** Gives back what the processes shared. None of them is left. */
  @Override
  public void close() {
    threads.close();
    compartment.close();
    ipc.close();
    spareSlots.close();
    memoryFile.close();
    network.close();
  }

  /** What calls were made, and which failed. */
  public CallStatistics statistics() {
    return statistics;
  }

  /** Addresses, ports and names of sockets. */
  public NetworkNamespace network() {
    return network;
  }

  /** Carries out system calls. */
  public Dispatcher dispatcher() {
    return dispatcher;
  }

  /** Where the trace goes, or null. */
  public TraceSink traceSink() {
    return traceSink;
  }

  /** When the cVM started, in terms of {@link System#nanoTime}. */
  public long startNanos() {
    return startNanos;
  }

  /** The host name. */
  public String hostName() {
    return hostName;
  }

  /** Changes the host name. */
  public void setHostName(String changed) {
    hostName = changed;
  }

  /** The NIS domain name. */
  public String domainName() {
    return domainName;
  }

  /** Changes the NIS domain name. */
  public void setDomainName(String changed) {
    domainName = changed;
  }

  /** Reports that a signal is about to end a process as a fault would. */
  public void reportDeath(Task task, SignalInfo info) {
    deaths.died(DeathReport.of(task, info));
  }

  /**
   * Reports a failure of the library OS or the monitor themselves, which ends the process
   * concerned.
   */
  public void reportFailure(Task task, Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    deaths.failed("CapVM failed in " + task.name() + "[" + task.id() + "]: " + text);
  }

  /** Reports that a process is about to be killed for what it took. */
  public void reportKill(Task task, String why) {
    deaths.failed("killed " + task.name() + "[" + task.id() + "]: " + why);
  }

  /** Random bytes of the host's kernel. */
  public static byte[] randomBytes(int count) {
    MemorySegment scratch = HostScratch.get();
    ErrnoException.check(Hostcalls.getrandom(scratch.address(), count, 0));
    return scratch.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
  }
}
