package org.capvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What both sides of the demo use.
 *
 * @param root the file tree that the programs come from
 * @param scripts a directory with the Python programs
 * @param scratch a directory for sockets and output
 */
record DemoFiles(Path root, Path scripts, Path scratch) implements AutoCloseable {
  private static final List<String> SCRIPTS = List.of("demo.py", "capvm.py");

  /** Makes the directories, which go with {@link #close}. */
  static DemoFiles make(Path root) throws IOException {
    Path scratch = Files.createTempDirectory("cvm-demo");
    Path scripts = Files.createDirectory(scratch.resolve("scripts"));
    for (String name : SCRIPTS) {
      try (InputStream script = DemoFiles.class.getResourceAsStream(name)) {
        Files.copy(script, scripts.resolve(name));
      }
    }
    return new DemoFiles(root, scripts, scratch);
  }

  /** The arguments of redis-server, which then keeps nothing on disk. */
  static List<String> redisArguments(int port, String socket) {
    return List.of(
        "--bind",
        "127.0.0.1",
        "--port",
        Integer.toString(port),
        "--unixsocket",
        socket,
        "--save",
        "",
        "--appendonly",
        "no");
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(scratch)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
