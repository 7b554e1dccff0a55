package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Files, open descriptors and settings of the JVM's process that no cVM was given, and what they
 * were at the start.
 */
final class HostCanaries implements AutoCloseable {
  private static final FileTime LONG_AGO = FileTime.fromMillis(1_000_000_000_000L);
  private static final int DESCRIPTORS = 16;
  private static final long POSITION = 7;

  private final Path directory;
  private final List<FileChannel> open = new ArrayList<>();
  private final SortedMap<String, String> files;
  private final SortedMap<String, String> descriptors;
  private final SortedMap<String, String> settings;

  private HostCanaries(Path directory) throws IOException {
    this.directory = directory;
    makeFiles();
    for (int i = 0; i < DESCRIPTORS; i++) {
      FileChannel channel =
          FileChannel.open(
              directory.resolve("writable"), StandardOpenOption.READ, StandardOpenOption.WRITE);
      open.add(channel.position(POSITION));
    }
    files = files();
    descriptors = descriptors();
    settings = settings();
  }

  /** Sets them up in a directory of the test's own. */
  static HostCanaries inDirectory(Path directory) throws IOException {
    return new HostCanaries(directory);
  }

  private void makeFiles() throws IOException {
    // Names that the guest's calls use too.
    for (String name : List.of("file", "writable", "read-only", "directory/inside")) {
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "nobody is to change this");
    }
    Files.setPosixFilePermissions(
        directory.resolve("writable"), PosixFilePermissions.fromString("rw-rw-rw-"));
    Files.setPosixFilePermissions(
        directory.resolve("read-only"), PosixFilePermissions.fromString("r--------"));
    Files.createSymbolicLink(directory.resolve("link"), Path.of("file"));
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.filter(path -> !Files.isSymbolicLink(path)).toList()) {
        Files.setLastModifiedTime(path, LONG_AGO);
      }
    }
  }

  /** Fails if any of them is not what it was. */
  void assertUntouched() throws IOException {
    assertThat(files()).isEqualTo(files);
    assertThat(descriptors()).isEqualTo(descriptors);
    assertThat(settings()).isEqualTo(settings);
  }

  private SortedMap<String, String> files() throws IOException {
    SortedMap<String, String> all = FileTree.of(directory);
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.toList()) {
        all.merge(
            directory.relativize(path).toString(),
            Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                + " "
                + Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS)
                + " "
                + Files.getAttribute(path, "unix:nlink", LinkOption.NOFOLLOW_LINKS),
            (described, more) -> described + " " + more);
      }
    }
    return all;
  }

  /** Number, target, position and flags of the descriptors of canaries. */
  private SortedMap<String, String> descriptors() throws IOException {
    SortedMap<String, String> all = new TreeMap<>();
    try (Stream<Path> entries = Files.list(Path.of("/proc/self/fd"))) {
      for (Path entry : entries.toList()) {
        // The listing's own descriptor is gone by now.
        if (Files.isSymbolicLink(entry)) {
          Path target = Files.readSymbolicLink(entry);
          if (target.startsWith(directory)) {
            Path details = Path.of("/proc/self/fdinfo").resolve(entry.getFileName());
            all.put(entry.getFileName().toString(), target + " " + Files.readString(details));
          }
        }
      }
    }
    return all;
  }

  private static SortedMap<String, String> settings() throws IOException {
    SortedMap<String, String> all = new TreeMap<>();
    all.put("limits", Files.readString(Path.of("/proc/self/limits")));
    all.put("working directory", Files.readSymbolicLink(Path.of("/proc/self/cwd")).toString());
    all.put("root", Files.readSymbolicLink(Path.of("/proc/self/root")).toString());
    all.put("host name", Files.readString(Path.of("/proc/sys/kernel/hostname")));
    all.put("mounts", Files.readString(Path.of("/proc/self/mountinfo")));
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      String name = line.substring(0, line.indexOf(':'));
      if (List.of("Umask", "Uid", "Gid", "Groups", "CapEff", "SigIgn").contains(name)) {
        all.put(name, line);
      }
    }
    return all;
  }

  @Override
  public void close() throws IOException {
    for (FileChannel channel : open) {
      channel.close();
    }
    TestPaths.delete(directory);
  }
}
