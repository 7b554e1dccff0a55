package org.capvm.cli;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.capvm.cli.ComposeFile.Health;
import org.capvm.cli.ComposeFile.Restart;
import org.capvm.cli.ComposeFile.Service;
import org.capvm.engine.CapVm;
import org.capvm.engine.CapVmException;
import org.capvm.engine.Cvm;
import org.capvm.engine.CvmConfiguration;
import org.capvm.engine.ExitStatus;
import org.capvm.engine.ProgramStart;
import org.capvm.engine.RunningProgram;
import org.capvm.engine.StandardStream;

/**
 * A cVM of a file: starts it, watches it, and starts it again if the file says so.
 *
 * <p>Threads: any.
 */
final class RunningService {
  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long LONGEST_PAUSE_MILLIS = 5000;

  private final CapVm capVm;
  private final Service service;
  private final LogBuffer log;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private volatile Cvm cvm;
  private Thread watcher;
  private long firstStart;
  private String state = "waiting";
  private int status;
  private int restarts;

  RunningService(CapVm capVm, Service service) {
    this.capVm = capVm;
    this.service = service;
    this.log = new LogBuffer(service.logBytes());
  }

  String name() {
    return service.name();
  }

  LogBuffer log() {
    return log;
  }

  /** What {@code ps} shows: how it is, how often it was started again. */
  synchronized String state() {
    return state + (restarts == 0 ? "" : ", restarted " + restarts + " times");
  }

  /** The status of its last end. */
  synchronized int status() {
    return status;
  }

  /**
   * Starts it, and returns when it is ready.
   *
   * @throws CapVmException if it cannot be started
   * @throws ComposeException if it does not become ready in time
   */
  void start() throws InterruptedException {
    synchronized (this) {
      if (stop.getCount() == 0) {
        return;
      }
      cvm = capVm.start(configuration());
      firstStart = System.nanoTime();
      state = stateOfBegun();
      watcher = Thread.ofPlatform().daemon().name("watch-" + name()).start(this::watch);
    }
    try {
      ready.get();
    } catch (ExecutionException failure) {
      throw (ComposeException) failure.getCause();
    }
  }

  private String stateOfBegun() {
    return service.health().isPresent() ? "starting" : "running";
  }

  private CvmConfiguration configuration() {
    LogBuffer.Writer output = log.newWriter();
    LogBuffer.Writer error = log.newWriter();
    return service
        .configuration()
        .withStreams(
            StandardStream.discarded(),
            new StandardStream.Received(output::write, output::end),
            new StandardStream.Received(error::write, error::end));
  }

  /**
   * Returns when the cVM is ready, has ended or is to be stopped, or ends it if it is not ready in
   * time. The time for the first time begins with the first start.
   */
  private void awaitHealth(Health health) throws InterruptedException {
    long begin = ready.isDone() ? System.nanoTime() : firstStart;
    long deadline = begin + health.timeout().toNanos();
    do {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (left.isNegative()) {
        setState("unhealthy");
        String message = name() + " was not healthy after " + health.timeout().toMillis() + " ms";
        if (!ready.completeExceptionally(new ComposeException(message))) {
          log.add("cvm: " + message);
        }
        cvm.kill();
        return;
      }
      if (cvm.waitFor(Duration.ZERO).isPresent()) {
        return;
      }
      if (succeeds(health.command(), left)) {
        setState("healthy");
        ready.complete(null);
        return;
      }
    } while (!stop.await(health.interval().toMillis(), TimeUnit.MILLISECONDS));
  }

  private boolean succeeds(List<String> command, Duration longest) throws InterruptedException {
    StandardStream nothing = StandardStream.discarded();
    try (RunningProgram program = exec(command, nothing, nothing, nothing)) {
      Optional<ExitStatus> end = program.waitFor(longest);
      return end.isPresent() && end.get().shellStatus() == 0;
    } catch (CapVmException | ComposeException missing) {
      log.add("health check: " + missing.getMessage());
      return false;
    }
  }

  /**
   * Runs one more program in it.
   *
   * @throws CapVmException if the program cannot be started
   * @throws ComposeException if the cVM does not run
   */
  RunningProgram exec(
      List<String> command, StandardStream input, StandardStream output, StandardStream error) {
    Cvm running;
    synchronized (this) {
      running = isOver() || cvm == null ? null : cvm;
    }
    if (running == null) {
      throw new ComposeException(name() + " is not running");
    }
    CvmConfiguration configuration = service.configuration();
    return running.exec(
        new ProgramStart(
            command.getFirst(),
            command.subList(1, command.size()),
            configuration.environment(),
            configuration.workingDirectory(),
            input,
            output,
            error));
  }

  private void watch() {
    try {
      long pause = FIRST_PAUSE_MILLIS;
      while (true) {
        if (service.health().isPresent()) {
          awaitHealth(service.health().get());
        } else {
          ready.complete(null);
        }
        ExitStatus end = cvm.waitFor();
        cvm.close();
        boolean again;
        synchronized (this) {
          status = end.shellStatus();
          again =
              service.restart() == Restart.ALWAYS
                  || (service.restart() == Restart.ON_FAILURE && status != 0);
          state =
              end instanceof ExitStatus.Killed killed
                  ? "killed by signal " + killed.signal()
                  : "exited with " + status;
        }
        if (!again || stop.await(pause, TimeUnit.MILLISECONDS)) {
          return;
        }
        synchronized (this) {
          if (stop.getCount() == 0) {
            return;
          }
          cvm = capVm.start(configuration());
          restarts++;
          state = stateOfBegun();
        }
        pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException failure) {
      log.add("cvm: " + failure.getMessage());
      setState("cannot be started again");
    } finally {
      ready.completeExceptionally(
          new ComposeException(name() + " ended before it was healthy: " + state()));
    }
  }

  private synchronized void setState(String changed) {
    state = changed;
  }

  private boolean isOver() {
    return watcher == null || !watcher.isAlive();
  }

  /** Waits until it has ended for good. */
  void awaitEnd() throws InterruptedException {
    Thread watching;
    synchronized (this) {
      watching = watcher;
    }
    if (watching != null) {
      watching.join();
    }
  }

  /** Asks it to end, and ends it if it does not within a time. It is not started again. */
  void stop(Duration patience) throws InterruptedException {
    Thread watching;
    synchronized (this) {
      stop.countDown();
      watching = watcher;
      if (watching == null) {
        return;
      }
      cvm.signal(15);
    }
    if (!watching.join(patience)) {
      cvm.kill();
      watching.join();
    }
  }
}
