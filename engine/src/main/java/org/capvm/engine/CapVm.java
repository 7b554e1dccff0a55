package org.capvm.engine;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.capvm.libos.Lockdown;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.net.NetworkNamespace;
import org.capvm.libos.processor.FairShares;
import org.capvm.machine.code.TranslationCheck;
import org.capvm.machine.code.TranslationStatistics;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.IntravisorOptions;
import org.capvm.monitor.PlatformException;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.channel.Channels;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpFile;

/**
 * All cVMs of a JVM and what they share: the Intravisor, its gates and its cache of translations.
 *
 * <p>There is one at a time, because fault handlers belong to the process. Threads: any.
 */
public final class CapVm implements AutoCloseable {
  private final Intravisor intravisor;
  private final Set<Cvm> cvms = ConcurrentHashMap.newKeySet();
  private final FairShares processors = new FairShares();

  private Compartment sharer;

  private CapVm(Intravisor intravisor) {
    this.intravisor = intravisor;
  }

  /**
   * Opens with every translation verified before it runs.
   *
   * @throws CapVmException if the machine or the JVM lacks something; the message says what
   * @throws IllegalStateException if this JVM has one already
   */
  public static CapVm open() {
    return open(true);
  }

  /**
   * Opens.
   *
   * @param verify whether each piece of translated code is checked against the isolation invariants
   *     before it runs, by code that shares nothing with the translator but the decoder
   * @throws CapVmException if the machine or the JVM lacks something; the message says what
   * @throws IllegalStateException if this JVM has one already
   */
  public static CapVm open(boolean verify) {
    try {
      IntravisorOptions options = IntravisorOptions.defaults();
      TranslationCheck check = verify ? TranslationCheck.VERIFIER : TranslationCheck.NONE;
      return new CapVm(Intravisor.start(new IntravisorOptions(options.codeCacheBytes(), check)));
    } catch (PlatformException failure) {
      throw new CapVmException(failure.getMessage(), failure);
    }
  }

  /**
   * Makes a cVM and starts its program.
   *
   * @return the running cVM; whoever starts it closes it
   * @throws ProgramNotStartedException if there is no such program in the cVM, or it cannot be run
   * @throws CvmConfigurationException if the configuration names something that is not there
   */
  public Cvm start(CvmConfiguration configuration) {
    Cvm cvm = Cvm.start(intravisor, configuration, this::network, this::ended);
    cvms.add(cvm);
    processors.add(cvm.processorUser());
    return cvm;
  }

  private void ended(Cvm cvm) {
    processors.remove(cvm.processorUser());
    cvms.remove(cvm);
  }

  /** The network that links to a host name lead to; empty unless exactly one cVM has it. */
  private Optional<NetworkNamespace> network(String hostname) {
    List<Cvm> named = cvms.stream().filter(cvm -> cvm.isLinkTarget(hostname)).toList();
    return named.size() == 1 ? Optional.of(named.getFirst().network()) : Optional.empty();
  }

  /**
   * Makes the JVM itself a holder of capabilities, beside the cVMs: it can publish memory and
   * functions, and open what cVMs grant to its name. Whoever makes it closes it.
   *
   * @param name what cVMs call it by; if it is taken, a number is added
   */
  public Compartment newCompartment(String name) {
    return intravisor.channels().newCompartment(name, Channels.DEFAULT_QUOTA);
  }

  /**
   * Publishes memory to cVMs, running or to come. It stays until this is closed.
   *
   * @throws CvmConfigurationException if there is a name like this already, or the host has not so
   *     much memory
   */
  public void share(SharedMemory memory) {
    try {
      CpFile file = sharer().allocate(memory.name(), memory.lengthBytes(), Permissions.ALL);
      file.write(0, memory.content());
      // The latest offer that fits counts: those to everyone come first.
      memory.access().entrySet().stream()
          .sorted(Comparator.comparing(entry -> !entry.getKey().equals("*")))
          .forEach(entry -> file.grant(entry.getKey(), permissions(entry.getValue())));
    } catch (CapabilityException refusal) {
      throw new CvmConfigurationException(
          "shared memory " + memory.name() + ": " + refusal.getMessage(), refusal);
    }
  }

  private synchronized Compartment sharer() {
    if (sharer == null) {
      sharer = newCompartment("shared");
    }
    return sharer;
  }

  private static int permissions(SharedMemory.Access access) {
    return switch (access) {
      case READ -> Permissions.READ;
      case WRITE -> Permissions.WRITE | Permissions.NOTIFY;
      case READ_WRITE -> Permissions.READ | Permissions.WRITE | Permissions.NOTIFY;
    };
  }

  /**
   * Takes from this JVM, for good and for all its threads, what cVMs never need of the host:
   * starting programs, looking into other processes, mounting, and whatever else {@link Lockdown}
   * does not list. Such calls fail with EPERM from then on, also those of the embedding program.
   *
   * @throws CapVmException if the kernel does not do it; the message says why
   */
  public void lockDown() {
    long result = Lockdown.apply(Math.toIntExact(ProcessHandle.current().pid()));
    if (result != 0) {
      throw new CapVmException(
          "the host's kernel refused a seccomp filter: " + Errno.name((int) -result));
    }
  }

  /** What has been translated so far, for all cVMs together. */
  public TranslationFigures translation() {
    TranslationStatistics made = intravisor.statistics().translations();
    return new TranslationFigures(
        made.guestBytes(), made.hostBytes(), made.checkedBytes(), made.nanos());
  }

  /** Ends all cVMs and gives back all that was taken of the host. */
  @Override
  public synchronized void close() {
    cvms.forEach(Cvm::close);
    processors.close();
    if (sharer != null) {
      sharer.close();
    }
    intravisor.close();
  }
}
