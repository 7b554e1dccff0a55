package org.capvm.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The demo's programs as processes of the host. They are the cVMs' own programs with their own
 * libraries: the root's dynamic linker starts them, so that no change of root is needed.
 */
final class NativeSide implements DemoSide {
  private static final String LIBRARIES = "usr/lib/x86_64-linux-gnu";

  private final DemoFiles files;
  private final int port;
  private final Path socket;
  private final List<Process> running = new ArrayList<>();

  /** Starts Redis and the service. */
  NativeSide(DemoFiles files) throws IOException {
    this.files = files;
    socket = files.scratch().resolve("redis.sock");
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    start(
        program("redis-server", DemoFiles.redisArguments(port, socket.toString())),
        Path.of("/dev/null"));
    start(python("serve"), Path.of("/dev/null"));
  }

  @Override
  public Map<String, Double> measure(double seconds) throws IOException, InterruptedException {
    Path output = files.scratch().resolve("native.output");
    Process client = start(python("use", Integer.toString(port), Double.toString(seconds)), output);
    if (!client.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || client.exitValue() != 0) {
      throw DemoSide.failure("native", error());
    }
    running.remove(client);
    return DemoSide.figures(output);
  }

  private List<String> python(String role, String... rest) {
    List<String> words = new ArrayList<>();
    words.add(files.scripts().resolve("demo.py").toString());
    words.addAll(List.of(role, "native", files.scratch().toString(), socket.toString()));
    words.addAll(List.of(rest));
    return program("python3", words);
  }

  private List<String> program(String name, List<String> arguments) {
    Path root = files.root();
    List<String> words = new ArrayList<>();
    words.add(root.resolve("usr/lib64/ld-linux-x86-64.so.2").toString());
    words.addAll(List.of("--library-path", root.resolve(LIBRARIES).toString()));
    words.add(root.resolve("usr/bin").resolve(name).toString());
    words.addAll(arguments);
    return words;
  }

  private Process start(List<String> words, Path output) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .directory(files.scratch().toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(output.toFile())
            .redirectError(Redirect.appendTo(error().toFile()));
    builder.environment().clear();
    builder.environment().put("PYTHONHOME", files.root().resolve("usr").toString());
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    Process process = builder.start();
    running.add(process);
    return process;
  }

  private Path error() {
    return files.scratch().resolve("native.error");
  }

  @Override
  public void close() {
    running.forEach(Process::destroyForcibly);
    running.forEach(process -> process.onExit().join());
  }
}
