package org.capvm.cli;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.capvm.engine.CapVm;

/**
 * The cVMs of one file, in one address space.
 *
 * <p>Threads: any.
 */
final class Deployment {
  /** How long a cVM has to end after it was asked to. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final List<RunningService> services;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private volatile boolean stopped;

  Deployment(CapVm capVm, ComposeFile file) {
    file.capfiles().forEach(capVm::share);
    services = file.cvms().stream().map(cvm -> new RunningService(capVm, cvm)).toList();
  }

  /** In the order in which they start. */
  List<RunningService> services() {
    return services;
  }

  /**
   * One of them.
   *
   * @throws ComposeException if there is none of this name
   */
  RunningService service(String name) {
    return services.stream()
        .filter(service -> service.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new ComposeException("there is no cVM " + name));
  }

  /**
   * Starts each when those before it are ready; stops all if one cannot be started.
   *
   * @throws ComposeException why one is not ready, unless {@link #stop} was called meanwhile
   */
  void start() throws InterruptedException {
    try {
      for (RunningService service : services) {
        service.start();
      }
      ready.complete(null);
    } catch (RuntimeException failure) {
      // Whoever stops the cVMs while they start gets what was asked for.
      boolean wanted = stopped;
      ready.completeExceptionally(wanted ? new ComposeException("was stopped") : failure);
      stop();
      if (!wanted) {
        throw failure;
      }
    }
  }

  /**
   * Waits until all are ready.
   *
   * @throws ComposeException if they do not become ready
   */
  void awaitReady() throws InterruptedException {
    try {
      ready.get();
    } catch (ExecutionException failure) {
      throw new ComposeException(failure.getCause().getMessage());
    }
  }

  /** Stops all, the last one first, and waits until they have ended. */
  void stop() throws InterruptedException {
    stopped = true;
    for (RunningService service : services.reversed()) {
      service.stop(PATIENCE);
    }
  }

  /**
   * Waits until all have ended for good.
   *
   * @return 0 if they were stopped or all ended with 0, otherwise 1
   */
  int awaitEnd() throws InterruptedException {
    for (RunningService service : services) {
      service.awaitEnd();
    }
    boolean well = services.stream().allMatch(service -> service.status() == 0);
    return stopped || well ? 0 : 1;
  }
}
