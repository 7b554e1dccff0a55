package org.capvm.image;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A root file system made of Debian packages: they and all they depend on are unpacked into a
 * directory, and none of their installation scripts runs.
 *
 * <p>The host's {@code apt-get} finds and fetches them, with a configuration, lists and a cache of
 * its own in that directory, so that neither the rights of root are needed nor anything else of the
 * host changes. Of the host's configuration the proxies alone are taken over.
 *
 * @param source a line of apt's {@code sources.list}
 * @param packages names of packages
 */
public record DebianRoot(String source, List<String> packages) {
  private static final String ARCHITECTURE = "amd64";
  private static final List<String> PROGRAMS = List.of("apt-get", "apt-config", "dpkg-deb", "tar");

  /** Directories that Debian has under /usr, where links in the root lead to. */
  private static final List<String> MERGED =
      List.of("bin", "lib", "lib32", "lib64", "libx32", "sbin");

  private static final List<String> APT_DIRECTORIES =
      List.of(
          "cache/archives/partial",
          "etc/apt.conf.d",
          "etc/auth.conf.d",
          "etc/preferences.d",
          "etc/sources.list.d",
          "etc/trusted.gpg.d",
          "state/lists/partial");

  /** Copies the names. */
  public DebianRoot {
    packages = List.copyOf(packages);
  }

  /**
   * Prepares the root, or finds it prepared by an earlier call.
   *
   * @param directory where it is kept; made if it is not there. One preparation at a time works in
   *     it
   * @param progress is told in one line what takes time
   * @return the root, a directory in that directory
   * @throws IOException if it cannot be prepared; the message is one line that says what to do
   */
  public Path prepare(Path directory, Consumer<String> progress)
      throws IOException, InterruptedException {
    Path root = directory.resolve("root");
    Path prepared = directory.resolve("prepared");
    Files.createDirectories(directory);
    try (FileChannel file =
            FileChannel.open(
                directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = file.lock()) {
      if (held.isValid() && isPrepared(prepared)) {
        return root;
      }
      progress.accept("Fetching Debian packages into " + directory + " (once) ...");
      Path apt = directory.resolve("apt");
      delete(root);
      delete(apt);
      List<Path> archives = fetch(apt);
      progress.accept("Unpacking " + archives.size() + " packages ...");
      unpack(archives, root);
      List<String> contents = new ArrayList<>(description());
      archives.forEach(archive -> contents.add(archive.getFileName().toString()));
      delete(apt);
      Files.write(prepared, contents);
      return root;
    }
  }

  private List<String> description() {
    return List.of(source, String.join(" ", packages));
  }

  private boolean isPrepared(Path prepared) throws IOException {
    return Files.exists(prepared)
        && Files.readAllLines(prepared).subList(0, description().size()).equals(description());
  }

  /** Fetches the packages and all they depend on. */
  private List<Path> fetch(Path apt) throws IOException, InterruptedException {
    for (String program : PROGRAMS) {
      require(program);
    }
    for (String name : APT_DIRECTORIES) {
      Files.createDirectories(apt.resolve(name));
    }
    Files.createFile(apt.resolve("status"));
    Files.writeString(apt.resolve("etc/sources.list"), source + "\n");
    Path configuration = apt.resolve("apt.conf");
    Files.write(configuration, configuration(apt));
    aptGet(configuration, List.of("update"));
    List<String> install = new ArrayList<>(List.of("--yes", "--download-only", "install"));
    install.addAll(packages);
    aptGet(configuration, install);
    try (Stream<Path> files = Files.list(apt.resolve("cache/archives"))) {
      return files.filter(file -> file.toString().endsWith(".deb")).sorted().toList();
    }
  }

  private static void require(String program) throws IOException {
    boolean there =
        Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin").split(":"))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    if (!there) {
      throw new IOException(
          "there is no "
              + program
              + " on the PATH, which fetches and unpacks Debian packages; install the packages"
              + " apt, dpkg and tar of this system");
    }
  }

  /** What keeps apt inside a directory, as whatever user runs it. */
  private static List<String> configuration(Path apt) throws IOException, InterruptedException {
    List<String> lines = new ArrayList<>(proxies());
    Map<String, Object> settings =
        Map.of(
            "Dir::Etc",
            apt.resolve("etc"),
            "Dir::State",
            apt.resolve("state"),
            "Dir::State::status",
            apt.resolve("status"),
            "Dir::Cache",
            apt.resolve("cache"),
            "APT::Architecture",
            ARCHITECTURE,
            "APT::Architectures",
            ARCHITECTURE,
            "APT::Install-Recommends",
            false,
            "APT::Sandbox::User",
            "root",
            "APT::Update::Error-Mode",
            "any",
            "Acquire::Languages",
            "none");
    settings.forEach((name, value) -> lines.add(name + " \"" + value + "\";"));
    return lines;
  }

  private static List<String> proxies() throws IOException, InterruptedException {
    Process process = new ProcessBuilder("apt-config", "dump").redirectErrorStream(true).start();
    try (Stream<String> lines = process.inputReader().lines()) {
      return lines.filter(line -> line.matches("Acquire::[a-z]+::Proxy\\b.*\";")).toList();
    } finally {
      process.waitFor();
    }
  }

  private void aptGet(Path configuration, List<String> words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("apt-get", "--quiet=2"));
    command.addAll(words);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("APT_CONFIG", configuration.toString());
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    process.getOutputStream().close();
    List<String> lines = process.inputReader().lines().toList();
    if (process.waitFor() != 0) {
      String reason =
          lines.stream()
              .filter(line -> line.startsWith("E: "))
              .findFirst()
              .map(line -> line.substring("E: ".length()).strip())
              .orElse("apt-get ended with " + process.exitValue());
      throw new IOException(
          "cannot fetch Debian packages: "
              + reason
              + " (source: "
              + source
              + "; the network is needed once, and http_proxy is honoured)");
    }
  }

  private static void unpack(List<Path> archives, Path root)
      throws IOException, InterruptedException {
    for (String name : MERGED) {
      Files.createDirectories(root.resolve("usr").resolve(name));
      Files.createSymbolicLink(root.resolve(name), Path.of("usr", name));
    }
    for (Path archive : archives) {
      // What dpkg-deb -x does, but through the links above, and with nobody's files but the user's.
      List<Process> pipeline =
          ProcessBuilder.startPipeline(
              List.of(
                  new ProcessBuilder("dpkg-deb", "--fsys-tarfile", archive.toString())
                      .redirectError(ProcessBuilder.Redirect.DISCARD),
                  new ProcessBuilder(
                          "tar",
                          "--extract",
                          "--keep-directory-symlink",
                          "--no-same-owner",
                          "--no-same-permissions",
                          "--directory=" + root)
                      .redirectError(ProcessBuilder.Redirect.DISCARD)));
      for (Process process : pipeline) {
        if (process.waitFor() != 0) {
          throw new IOException(
              "cannot unpack " + archive + " into " + root + "; is the disk full?");
        }
      }
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
