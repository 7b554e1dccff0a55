package org.capvm.cli;

import static org.capvm.libos.abi.Signal.SIGHUP;
import static org.capvm.libos.abi.Signal.SIGINT;
import static org.capvm.libos.abi.Signal.SIGQUIT;
import static org.capvm.libos.abi.Signal.SIGTERM;
import static org.capvm.libos.abi.Signal.SIGUSR1;
import static org.capvm.libos.abi.Signal.SIGWINCH;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;
import org.capvm.libos.host.HostSignals;

/**
 * Passes signals sent to the JVM process on, instead of letting the JVM end or print its threads.
 *
 * <p>Ctrl-Z stops the whole process, guests included, as it should.
 */
final class TerminalSignals {
  private TerminalSignals() {}

  /**
   * Sends each signal that a program at a terminal, or a program's supervisor, acts by to a
   * receiver from now on.
   *
   * @param receiver takes Linux's number of the signal, on a thread of its own
   */
  static void forward(IntConsumer receiver) {
    HostSignals signals =
        new HostSignals(List.of(SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGTERM, SIGWINCH));
    start(
        signals,
        signal -> {
          if (signal != SIGQUIT) {
            receiver.accept(signal);
          } else if (isAttachRequest()) {
            signals.passToJvm(SIGQUIT);
          } else if (signals.hasTaken(SIGINT)) {
            // Whoever starts a program with SIGINT ignored, as shells do in the background, has
            // SIGQUIT ignored as well; the JVM took that one before anybody could ask.
            receiver.accept(SIGQUIT);
          }
        });
  }

  /** Like {@link #forward}, but SIGQUIT stays the JVM's, which prints its threads. */
  static void forwardExceptQuit(IntConsumer receiver) {
    HostSignals signals = new HostSignals(List.of(SIGHUP, SIGINT, SIGUSR1, SIGTERM, SIGWINCH));
    start(signals, receiver);
  }

  private static void start(HostSignals signals, IntConsumer receiver) {
    Thread.ofPlatform()
        .daemon()
        .name("signals")
        .start(
            () -> {
              for (int signal = signals.await(); signal != 0; signal = signals.await()) {
                receiver.accept(signal);
              }
            });
    // The JVM's exit waits 0.3 seconds for a thread that is in a call to the host.
    Runtime.getRuntime().addShutdownHook(new Thread(signals::stopAwaiting));
  }

  /**
   * Whether a SIGQUIT is that of jcmd or another diagnostic tool: the JDK's tools leave a file of
   * this name first, in the working directory or, if they cannot, in /tmp.
   */
  private static boolean isAttachRequest() {
    String name = ".attach_pid" + ProcessHandle.current().pid();
    return Files.exists(Path.of(name)) || Files.exists(Path.of("/tmp", name));
  }
}
