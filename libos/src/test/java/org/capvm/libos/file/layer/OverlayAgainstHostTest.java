package org.capvm.libos.file.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.callerIn;
import static org.capvm.libos.file.FileTrees.errnoOf;
import static org.capvm.libos.file.FileTrees.read;
import static org.capvm.libos.file.FileTrees.write;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileTrees;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.file.content.ContentStore;
import org.capvm.libos.file.content.StorageQuota;
import org.capvm.libos.file.host.HostFileSystem;

/**
 * Does the same random changes to an overlay over one host directory and, through the host's
 * kernel, to a copy of that directory: each change must have the same outcome, and the trees must
 * look the same at the end.
 */
class OverlayAgainstHostTest {
  private static final List<String> PATHS =
      List.of("a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "e", "e/a", "d/e/d");

  /** One change: what, and to which one or two paths. */
  record Change(String kind, String path, String other) {}

  @Provide
  Arbitrary<List<Change>> changes() {
    Arbitrary<String> kinds =
        Arbitraries.of(
            "write",
            "append",
            "unlink",
            "mkdir",
            "rmdir",
            "rename",
            "link",
            "truncate",
            "symlink",
            "chmod");
    Arbitrary<String> paths = Arbitraries.of(PATHS);
    return Combinators.combine(kinds, paths, paths)
        .as(Change::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(40);
  }

  @Property(tries = 150)
  void everyChangeHasTheSameOutcomeAsOnTheHost(@ForAll("changes") List<Change> changes)
      throws IOException {
    Path lower = Files.createTempDirectory("capvm-lower");
    Path copy = Files.createTempDirectory("capvm-copy");
    try {
      fill(lower);
      fill(copy);
      HostFileSystem lowerFiles =
          HostFileSystem.open(lower.toString(), HostFileSystem.Audience.OWNER, true);
      LayeredFileSystem overlay =
          LayeredFileSystem.overlay(
              List.of(lowerFiles),
              new ContentStore.Memory("test"),
              new StorageQuota(1 << 24, 1000));
      HostFileSystem host =
          HostFileSystem.open(copy.toString(), HostFileSystem.Audience.OWNER, false);
      Caller inOverlay = callerIn(overlay);
      Caller onHost = callerIn(host);
      for (Change change : changes) {
        assertThat(Errno.name(outcome(inOverlay, change)))
            .as("%s", change)
            .isEqualTo(Errno.name(outcome(onHost, change)));
      }
      assertThat(picture(inOverlay)).isEqualTo(picture(onHost));
      overlay.close();
      host.close();
    } finally {
      delete(lower);
      delete(copy);
    }
  }

  private static void fill(Path root) throws IOException {
    Files.createDirectories(root.resolve("d/e"));
    for (String file : List.of("a", "d/a", "d/e/a")) {
      Files.writeString(root.resolve(file), "lower " + file);
    }
  }

  private static void delete(Path root) throws IOException {
    try (var paths = Files.walk(root)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static PathWalk.End end(Caller caller, String path) {
    return PathWalk.walk(caller, caller.fileSystem().root(), path, false, 0);
  }

  private static Inode existing(Caller caller, String path) {
    return end(caller, path).existing().inode();
  }

  private static int outcome(Caller caller, Change change) {
    return errnoOf(() -> apply(caller, change));
  }

  private static void apply(Caller caller, Change change) {
    PathWalk.End end = end(caller, change.path);
    Directory directory = end.directory().directory();
    switch (change.kind) {
      case "write" -> write(caller, change.path, "written to " + change.path);
      case "append" -> append(caller, change.path);
      case "unlink" -> directory.unlink(end.name());
      case "mkdir" -> directory.createDirectory(end.name(), new Directory.Attributes(0755, 0, 0));
      case "rmdir" -> directory.removeDirectory(end.name());
      case "rename" -> {
        PathWalk.End to = end(caller, change.other);
        directory.rename(end.name(), to.directory().directory(), to.name(), 0);
      }
      case "link" -> {
        Inode file = existing(caller, change.path);
        PathWalk.End to = end(caller, change.other);
        if (!file.isDirectory()) {
          to.directory().directory().link(to.name(), file);
        }
      }
      case "truncate" -> {
        Inode file = existing(caller, change.path);
        if (file.isRegular()) {
          file.truncate(5);
        }
      }
      case "symlink" ->
          directory.createSymbolicLink(
              end.name(), change.other, new Directory.Attributes(0777, 0, 0));
      case "chmod" -> {
        Inode file = existing(caller, change.path);
        if (!file.isSymbolicLink()) {
          file.changeMode(0711);
        }
      }
      default -> throw new IllegalStateException(change.kind);
    }
  }

  private static void append(Caller caller, String path) {
    String before = read(caller, path);
    write(caller, path, before + "+");
  }

  /** Every path with its type, permissions, links and content. */
  private static Map<String, String> picture(Caller caller) {
    Map<String, String> picture = new TreeMap<>();
    draw(caller, "", caller.fileSystem().root().directory(), picture);
    return picture;
  }

  private static void draw(
      Caller caller, String prefix, Directory directory, Map<String, String> picture) {
    for (Directory.Entry entry : directory.list(caller)) {
      String path = prefix + entry.name();
      Inode inode = directory.lookup(caller, entry.name());
      assertThat(inode.type()).as(path).isEqualTo(entry.type());
      String permissions = Integer.toOctalString(inode.status().mode() & 07777);
      switch (entry.type()) {
        case FileMode.S_IFDIR -> {
          picture.put(path, "directory " + permissions);
          draw(caller, path + "/", inode.directory(), picture);
        }
        case FileMode.S_IFLNK -> picture.put(path, "-> " + inode.readLink(caller));
        default -> {
          int links = inode.status().linkCount();
          picture.put(path, permissions + " " + links + " " + FileTrees.read(caller, path));
        }
      }
    }
  }
}
