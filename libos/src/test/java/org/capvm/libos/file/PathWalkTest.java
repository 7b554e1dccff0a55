package org.capvm.libos.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.callerIn;
import static org.capvm.libos.file.FileTrees.errnoOf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Directory.Attributes;
import org.capvm.libos.file.host.HostFileSystem;
import org.capvm.libos.file.layer.LayeredFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Walks the same paths in the same tree on the host, where the kernel's openat2 with
 * RESOLVE_IN_ROOT is the oracle, in a tmpfs and in a host directory.
 *
 * <pre>
 *   f  d/f  d/e/g  d/up -> ..  abs -> /d/e  rel -> d/e  out -> ../../../f  loop -> loop  gone -> nothing
 *   tof -> f  slash -> d/  dots -> d/../d/./e  empty: a directory without x for others
 * </pre>
 */
class PathWalkTest {
  private static final List<String> DIRECTORIES = List.of("d", "d/e", "empty");
  private static final List<String> FILES = List.of("f", "d/f", "d/e/g");
  private static final List<List<String>> LINKS =
      List.of(
          List.of("d/up", ".."),
          List.of("abs", "/d/e"),
          List.of("rel", "d/e"),
          List.of("out", "../../../f"),
          List.of("loop", "loop"),
          List.of("gone", "nothing"),
          List.of("tof", "f"),
          List.of("slash", "d/"),
          List.of("dots", "d/../d/./e"));
  private static final List<String> NAMES =
      List.of(
          "f", "d", "e", "g", "up", "abs", "rel", "out", "loop", "gone", "tof", "slash", "dots",
          "empty", ".", "..", "", "missing");

  @TempDir private Path hostRoot;
  private KernelWalk kernel;
  private Caller inTmpfs;
  private Caller onHost;

  @BeforeEach
  void makeTrees() throws IOException {
    LayeredFileSystem tmpfs = FileTrees.tmpfs();
    inTmpfs = callerIn(tmpfs);
    for (String directory : DIRECTORIES) {
      Files.createDirectory(hostRoot.resolve(directory));
      parent(directory).createDirectory(last(directory), new Attributes(0755, 0, 0));
    }
    for (String file : FILES) {
      Files.writeString(hostRoot.resolve(file), file);
      FileTrees.write(inTmpfs, file, file);
    }
    for (List<String> link : LINKS) {
      Files.createSymbolicLink(hostRoot.resolve(link.get(0)), Path.of(link.get(1)));
      parent(link.get(0))
          .createSymbolicLink(last(link.get(0)), link.get(1), new Attributes(0777, 0, 0));
    }
    onHost =
        callerIn(HostFileSystem.open(hostRoot.toString(), HostFileSystem.Audience.OWNER, false));
    kernel = new KernelWalk(hostRoot);
  }

  private Directory parent(String path) {
    int slash = path.lastIndexOf('/');
    String directory = slash < 0 ? "/" : path.substring(0, slash);
    return PathWalk.find(inTmpfs, inTmpfs.fileSystem().root(), directory, true).directory();
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private static String walk(Caller caller, String path, boolean follow) {
    Location root = caller.fileSystem().root();
    String[] found = new String[1];
    int errno = errnoOf(() -> found[0] = PathWalk.find(caller, root, path, follow).path(root));
    return errno == 0 ? found[0] : Errno.name(errno);
  }

  private void assertSameEverywhere(String path, boolean follow) {
    String expected = kernel.walk(path, follow);
    assertThat(walk(inTmpfs, path, follow))
        .as("tmpfs: %s, follow %s", path, follow)
        .isEqualTo(expected);
    assertThat(walk(onHost, path, follow))
        .as("host: %s, follow %s", path, follow)
        .isEqualTo(expected);
  }

  @Test
  void randomPathsLeadWhereTheKernelSaysTheyLead() {
    Random random = new Random(20260101);
    for (int i = 0; i < 4000; i++) {
      String path =
          IntStream.range(0, 1 + random.nextInt(6))
              .mapToObj(n -> NAMES.get(random.nextInt(NAMES.size())))
              .collect(Collectors.joining("/"));
      assertSameEverywhere((random.nextInt(4) == 0 ? "/" : "") + path, random.nextBoolean());
    }
  }

  @Test
  void dotDotAboveTheRootStaysAtTheRoot() {
    assertThat(walk(inTmpfs, "../../../../f", true)).isEqualTo("/f");
    assertThat(walk(onHost, "../../../../f", true)).isEqualTo("/f");
  }

  @Test
  void aSlashBehindAFileIsNotADirectory() {
    assertSameEverywhere("f/", true);
    assertSameEverywhere("tof/", false);
    assertSameEverywhere("gone/", true);
  }

  @Test
  void namesOf256BytesAreTooLongAndThoseOf255AreMerelyMissing() {
    assertSameEverywhere("x".repeat(255), true);
    assertSameEverywhere("x".repeat(256), true);
    assertSameEverywhere("missing/" + "x".repeat(256), true);
    assertSameEverywhere("f/" + "x".repeat(256), true);
  }

  @Test
  void pathsOf4096BytesAreTooLong() {
    assertThat(walk(inTmpfs, "./".repeat(2047) + "f", true)).isEqualTo("/f");
    assertThat(walk(inTmpfs, "./".repeat(2048), true)).isEqualTo("ENAMETOOLONG");
  }

  @Test
  void fortyLinksAreFollowedAndFortyOneAreNot() {
    Directory root = inTmpfs.fileSystem().root().directory();
    root.createSymbolicLink("l1", "f", new Attributes(0777, 0, 0));
    for (int i = 2; i <= 41; i++) {
      root.createSymbolicLink("l" + i, "l" + (i - 1), new Attributes(0777, 0, 0));
    }
    assertThat(walk(inTmpfs, "l40", true)).isEqualTo("/f");
    assertThat(walk(inTmpfs, "l41", true)).isEqualTo("ELOOP");
  }
}
