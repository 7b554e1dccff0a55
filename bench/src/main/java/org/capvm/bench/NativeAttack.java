package org.capvm.bench;

import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * An attacker as processes of the host, from its start until it is closed: what it costs a
 * neighbour, with a processor for each, is what the machine itself does not keep apart.
 *
 * <p>The processes have a user, a PID namespace, whose end ends them all, and limits of their own.
 * To give them these takes root, and the tools of util-linux.
 */
final class NativeAttack implements AutoCloseable {
  /**
   * Those that these limits, or the number of descriptors that a process may have, stop before the
   * host has no more.
   */
  private static final Set<String> BOUNDED =
      Set.of(
          "loops",
          "memory",
          "mappings",
          "threads",
          "processes",
          "zombies",
          "descriptors",
          "files",
          "unnamed",
          "timers",
          "signals",
          "code");

  private static final List<String> AS_NOBODY =
      List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");

  private static final List<String> IN_NAMESPACES =
      List.of("unshare", "--user", "--pid", "--fork", "--kill-child");

  private static final List<String> ON_THE_SECOND_PROCESSOR = List.of("taskset", "--cpu-list", "1");

  private final Process process;

  /**
   * Starts one.
   *
   * @param command of one of the {@linkplain #isPossible possible} attacks
   * @param tasks how many processes and threads it may have
   * @param memoryBytes how much each of its processes may map
   */
  NativeAttack(Command command, int tasks, long memoryBytes) throws IOException {
    List<String> limited =
        List.of("prlimit", "--core=0", "--nproc=" + tasks, "--as=" + memoryBytes);
    Command confined =
        command
            .behind(ON_THE_SECOND_PROCESSOR)
            .behind(limited)
            .behind(IN_NAMESPACES)
            .behind(AS_NOBODY);
    process =
        new ProcessBuilder(confined.words())
            .directory(command.directory().toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
  }

  /** Whether an attack can be had natively without danger to the host, by this process. */
  static boolean isPossible(String attack) {
    return BOUNDED.contains(attack) && System.getProperty("user.name").equals("root");
  }

  /**
   * Ends all its processes.
   *
   * @throws BenchmarkException if they had not even begun
   */
  @Override
  public void close() {
    boolean ended = !process.isAlive();
    process.destroyForcibly();
    process.onExit().join();
    if (ended) {
      throw new BenchmarkException("the native attack ended with status " + process.exitValue());
    }
  }
}
