package org.capvm.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.capvm.engine.CvmConfiguration;
import org.capvm.engine.Link;
import org.capvm.engine.SharedMemory;
import org.capvm.image.HostMount;
import org.capvm.image.RootFileSystem;
import picocli.CommandLine.TypeConversionException;

/**
 * What a file for {@code cvm up} says.
 *
 * @param cvms in an order in which each comes after those it waits for
 * @param capfiles the shared buffers
 */
record ComposeFile(List<Service> cvms, List<SharedMemory> capfiles) {
  private static final String EVERYONE = "*";

  /** Whether to start again what ended. */
  enum Restart {
    NEVER,
    ON_FAILURE,
    ALWAYS
  }

  /**
   * How to tell that a cVM is ready.
   *
   * @param command program and arguments; status 0 says yes
   */
  record Health(List<String> command, Duration interval, Duration timeout) {}

  /**
   * One cVM.
   *
   * @param configuration all but the standard streams
   * @param waitsFor names of those that must be ready before
   * @param logBytes how much output is kept
   */
  record Service(
      String name,
      CvmConfiguration configuration,
      List<String> waitsFor,
      Optional<Health> health,
      Restart restart,
      long logBytes) {}

  /**
   * Reads a file. Relative host paths start at the file's directory.
   *
   * @throws ComposeException if it says what cannot be; the message names file, line, column and
   *     key
   * @throws IOException if it cannot be read
   */
  static ComposeFile read(Path file) throws IOException {
    ComposeTable top = ComposeTable.read(file);
    Path directory = file.toAbsolutePath().normalize().getParent();
    ComposeTable tables = top.table("cVMs").orElseThrow();
    Map<String, Service> services = new LinkedHashMap<>();
    for (String name : tables.names()) {
      services.put(
          name, service(name, tables.table(name).orElseThrow(), directory, tables.names()));
    }
    if (services.isEmpty()) {
      throw top.error("cVMs", "names no cVM");
    }
    for (Service service : services.values()) {
      for (String other : service.waitsFor()) {
        if (!services.containsKey(other)) {
          throw tables.table(service.name()).orElseThrow().error("wait", unknown(other));
        }
      }
    }
    List<SharedMemory> capfiles = new ArrayList<>();
    Optional<ComposeTable> buffers = top.table("capfiles");
    for (String name : buffers.map(ComposeTable::names).orElse(List.of())) {
      capfiles.add(capfile(name, buffers.get().table(name).orElseThrow(), services.keySet()));
    }
    return new ComposeFile(ordered(services, tables), capfiles);
  }

  private static String unknown(String cvm) {
    return "there is no cVM " + cvm;
  }

  private static Service service(
      String name, ComposeTable table, Path directory, List<String> cvms) {
    List<String> words = table.texts("args");
    if (words.isEmpty()) {
      throw table.error("args", "the program is missing");
    }
    CvmConfiguration.Builder builder =
        CvmConfiguration.builder(words.getFirst())
            .arguments(words.subList(1, words.size()))
            .hostname(name);
    table.text("workdir").ifPresent(builder::workingDirectory);
    table
        .text("root")
        .ifPresent(
            root -> builder.rootFileSystem(RootFileSystem.directory(directory.resolve(root))));
    for (String mount : table.texts("mounts")) {
      builder.mount(table.at("mounts", () -> mount(mount, directory)));
    }
    table
        .table("environment")
        .ifPresent(
            settings ->
                settings
                    .names()
                    .forEach(key -> builder.environment(key, settings.text(key).orElse(""))));
    table.text("network").ifPresent(word -> builder.network(new NetworkConverter().convert(word)));
    for (String port : table.texts("ports")) {
      builder.publish(table.at("ports", () -> new PublicationConverter(directory).convert(port)));
    }
    for (ComposeTable link : table.tableList("links")) {
      if (!cvms.contains(link.text("to").orElseThrow())) {
        throw link.error("to", unknown(link.text("to").orElseThrow()));
      }
      builder.link(link.at("from", () -> link(link)));
    }
    builder.calls(table.table("calls").map(calls -> callers(calls, cvms)).orElse(Map.of()));
    long logBytes = LogBuffer.DEFAULT_BYTES;
    Optional<ComposeTable> limits = table.table("limits");
    if (limits.isPresent()) {
      size(limits.get(), "memory").ifPresent(builder::memoryLimitBytes);
      limits.get().text("tasks").ifPresent(count -> builder.taskLimit(Integer.parseInt(count)));
      limits.get().text("cpus").ifPresent(count -> builder.processorLimit(Integer.parseInt(count)));
      size(limits.get(), "disk").ifPresent(builder::diskLimitBytes);
      logBytes = size(limits.get(), "log").orElse(logBytes);
    }
    Restart restart =
        Restart.valueOf(
            table.text("restart").orElse("never").replace('-', '_').toUpperCase(Locale.ROOT));
    return new Service(
        name,
        table.at("network", builder::build),
        table.texts("wait"),
        table.table("health").map(ComposeFile::health),
        restart,
        logBytes);
  }

  private static Map<String, Set<String>> callers(ComposeTable calls, List<String> cvms) {
    Map<String, Set<String>> callers = new LinkedHashMap<>();
    for (String function : calls.names()) {
      if (function.isEmpty() || function.indexOf('/') >= 0) {
        throw calls.error(function, "a function's name is not empty and has no slash");
      }
      for (String caller : calls.texts(function)) {
        if (!caller.equals(EVERYONE) && !cvms.contains(caller)) {
          throw calls.error(function, unknown(caller));
        }
      }
      callers.put(function, Set.copyOf(new LinkedHashSet<>(calls.texts(function))));
    }
    return callers;
  }

  private static Link link(ComposeTable table) {
    String from = table.text("from").orElseThrow();
    String to = table.text("to").orElseThrow();
    String at = table.text("at").orElse(from);
    return from.startsWith("/") || from.startsWith("@")
        ? new Link.Unix(from, to, at)
        : new Link.Tcp(port(from), to, port(at));
  }

  private static int port(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "must be a port, an absolute path or a name that begins with @: " + text, e);
    }
  }

  private static HostMount mount(String text, Path directory) {
    HostMount mount = new HostMountConverter().convert(text);
    Path written = Path.of(text.substring(0, text.indexOf(':')));
    return new HostMount(
        directory.resolve(written).normalize(), mount.guestPath(), mount.writable());
  }

  private static Optional<Long> size(ComposeTable table, String key) {
    return table
        .text(key)
        .map(text -> table.at(key, () -> new MemorySize.Converter().convert(text).bytes()));
  }

  private static Health health(ComposeTable table) {
    if (table.texts("exec").isEmpty()) {
      throw table.error("exec", "the program is missing");
    }
    return new Health(
        table.texts("exec"),
        table.text("interval").map(ComposeFile::duration).orElse(Duration.ofMillis(200)),
        table.text("timeout").map(ComposeFile::duration).orElse(Duration.ofSeconds(30)));
  }

  private static Duration duration(String text) {
    int unit = text.endsWith("ms") ? 2 : 1;
    double millis =
        switch (text.substring(text.length() - unit)) {
          case "ms" -> 1;
          case "s" -> 1000;
          case "m" -> 60_000;
          default -> throw new TypeConversionException("not a time: " + text);
        };
    double count = Double.parseDouble(text.substring(0, text.length() - unit));
    return Duration.ofMillis((long) (count * millis));
  }

  private static SharedMemory capfile(String name, ComposeTable table, Set<String> cvms) {
    ComposeTable grants = table.table("access").orElseThrow();
    Map<String, SharedMemory.Access> access = new LinkedHashMap<>();
    for (String cvm : grants.names()) {
      if (!cvm.equals(EVERYONE) && !cvms.contains(cvm)) {
        throw grants.error(cvm, unknown(cvm));
      }
      access.put(
          cvm,
          switch (grants.text(cvm).orElseThrow()) {
            case "read" -> SharedMemory.Access.READ;
            case "write" -> SharedMemory.Access.WRITE;
            default -> SharedMemory.Access.READ_WRITE;
          });
    }
    MemorySegment content =
        MemorySegment.ofArray(table.text("content").orElse("").getBytes(StandardCharsets.UTF_8));
    long size = size(table, "size").orElseThrow();
    return table.at("size", () -> new SharedMemory(name, size, content, access));
  }

  private static List<Service> ordered(Map<String, Service> services, ComposeTable tables) {
    Set<Service> ordered = new LinkedHashSet<>();
    for (String name : services.keySet()) {
      append(name, services, tables, ordered, new LinkedHashSet<>());
    }
    return List.copyOf(ordered);
  }

  private static void append(
      String name,
      Map<String, Service> services,
      ComposeTable tables,
      Set<Service> ordered,
      Set<String> waiting) {
    Service service = services.get(name);
    if (ordered.contains(service)) {
      return;
    }
    if (!waiting.add(name)) {
      throw tables
          .table(name)
          .orElseThrow()
          .error("wait", "waits for itself: " + String.join(" -> ", waiting) + " -> " + name);
    }
    for (String other : service.waitsFor()) {
      append(other, services, tables, ordered, waiting);
    }
    waiting.remove(name);
    ordered.add(service);
  }
}
