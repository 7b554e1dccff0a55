package org.capvm.engine;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.capvm.engine.ConfinedRun.Started;
import org.capvm.image.HostMount;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two cVMs in one directory of the host, and the host itself, change names on the way while the
 * cVMs walk them: none gets out of the directory. {@code -Dwalks.rounds=N} walks more often.
 *
 * <pre>
 * outside/canary           "outside": must not be read, changed, or get company
 * outside/tree/            what both cVMs have at /tree
 *   canary                 "inside"
 *   a/b/c/                 the guests exchange these with the links
 *   up -> ../../..         as far up as it goes
 *   absolute -> outside    the host's own path
 *   deep/x/y/
 *   host/swap/             the host exchanges it with host/link -> ../..
 *   host/moved/in/         the host moves it to outside/moved and back
 * </pre>
 */
@Timeout(300)
final class HostConfinementTest {
  private static final int ROUNDS = Integer.getInteger("walks.rounds", 20_000);
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String TREE = "/tree";

  private Path outside;
  private Path tree;

  @BeforeEach
  void makeTree() throws IOException {
    outside = TestPaths.scratch("confinement").resolve("outside");
    tree = outside.resolve("tree");
    Files.createDirectories(tree.resolve("a/b/c"));
    Files.createDirectories(tree.resolve("deep/x/y"));
    Files.createDirectories(tree.resolve("host/swap"));
    Files.createDirectories(tree.resolve("host/moved/in"));
    for (String name : List.of("", "a/", "a/b/", "a/b/c/", "deep/", "host/", "host/moved/")) {
      Files.writeString(tree.resolve(name + "canary"), "inside");
    }
    Files.createSymbolicLink(tree.resolve("up"), Path.of("../../.."));
    Files.createSymbolicLink(tree.resolve("absolute"), outside);
    Files.createSymbolicLink(tree.resolve("host/link"), Path.of("../.."));
    Files.writeString(outside.resolve("canary"), "outside");
    Files.setLastModifiedTime(outside.resolve("canary"), FileTime.fromMillis(1_000_000_000_000L));
  }

  @AfterEach
  void removeTree() throws IOException {
    TestPaths.delete(outside.getParent());
  }

  private Started start(Path program, List<String> arguments) throws IOException {
    return ConfinedRun.start(
        program, arguments, builder -> builder.mount(new HostMount(tree, TREE, true)));
  }

  @Test
  void noWalkLeavesADirectoryWhileNamesOnTheWayChange() throws Exception {
    Path program = GuestProgram.c("walk_races", "-O1", "-pthread");
    List<String> ways = waysOut();
    try (Started first = start(program, arguments(1, ways));
        Started second = start(program, arguments(2, ways))) {
      int changes = 0;
      while (first.cvm().waitFor(Duration.ZERO).isEmpty()
          || second.cvm().waitFor(Duration.ZERO).isEmpty()) {
        assertThat(changes++).as("changes by the host").isLessThan(100_000_000);
        exchange(tree.resolve("host/swap"), tree.resolve("host/link"));
        move(tree.resolve("host/moved"), outside.resolve("moved"));
        move(outside.resolve("moved"), tree.resolve("host/moved"));
      }
      for (Started guest : List.of(first, second)) {
        assertThat(guest.end(SOON)).as(guest.output()).isEqualTo(new ExitStatus.Exited(0));
        assertThat(guest.output()).isEqualTo("many opened, 0 escapes\n");
      }
    }
    assertUntouched();
  }

  private static List<String> arguments(int seed, List<String> ways) {
    List<String> all = new ArrayList<>();
    all.addAll(List.of(TREE, Integer.toString(seed), Integer.toString(ROUNDS)));
    all.addAll(ways);
    return all;
  }

  /** How somebody who is not confined, or sees the host's processes, reaches the canary. */
  private List<String> waysOut() {
    String canary = outside.resolve("canary").toString();
    String jvm = "/proc/" + ProcessHandle.current().pid();
    return List.of(
        canary,
        "/proc/1/root" + canary,
        "/proc/self/root" + canary,
        "/proc/thread-self/root" + canary,
        jvm + "/root" + canary,
        jvm + "/cwd/target/scratch/confinement/outside/canary",
        "/proc/1/cwd/../canary",
        TREE + "/../canary",
        TREE + "/host/moved/../../../canary");
  }

  private static void move(Path from, Path to) {
    try {
      Files.move(from, to, ATOMIC_MOVE);
    } catch (IOException taken) {
      // A guest has changed something there: the next round finds it in another state.
    }
  }

  private static void exchange(Path one, Path other) {
    Path aside = one.resolveSibling("aside");
    move(one, aside);
    move(other, one);
    move(aside, other);
  }

  private void assertUntouched() throws IOException {
    assertThat(Files.readString(outside.resolve("canary"))).isEqualTo("outside");
    assertThat(Files.getLastModifiedTime(outside.resolve("canary")).toMillis())
        .isEqualTo(1_000_000_000_000L);
    try (Stream<Path> entries = Files.list(outside)) {
      assertThat(entries.map(entry -> entry.getFileName().toString()))
          .isSubsetOf("canary", "tree", "moved");
    }
    assertThat(outside.resolveSibling("made")).doesNotExist();
  }

  /** What a guest may try, and what it is told. */
  private static final String ATTEMPTS =
      """
      import ctypes, errno, os, stat, sys
      C = ctypes.CDLL(None, use_errno=True)
      jvm, canary = sys.argv[1:]

      def error(call, *arguments):
          try:
              return call(*arguments)
          except OSError as failed:
              return errno.errorcode[failed.errno]

      def read(path):
          with open(path, 'rb') as file:
              return len(file.read(64))

      os.chdir('/tree')
      print('host process', error(os.stat, '/proc/' + jvm))
      print('its memory', error(read, '/proc/' + jvm + '/mem'))
      print('own memory', error(read, '/proc/self/mem'))
      print('memory of 1', error(read, '/proc/1/mem'))
      print('kernel memory', error(read, '/dev/mem'), error(read, '/proc/kcore'))
      for name in 'null', 'zero', 'random', 'mem', 'kmsg':
          print('host device', name, error(read, '/hostdev/' + name))
      for kind in stat.S_IFCHR, stat.S_IFBLK:
          print('new device', error(os.mknod, '/tree/device', kind | 0o600, os.makedev(1, 5)))
      print('link to another file system', error(os.link, '/etc/passwd', 'linked'))
      print('link to the host', error(os.link, canary, 'linked'))
      opened = os.open('/etc/passwd', os.O_RDONLY)
      AT_FDCWD, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH = -100, 0x400, 0x1000
      print('link to a descriptor',
            C.linkat(AT_FDCWD, b'/proc/self/fd/%d' % opened, AT_FDCWD, b'linked', AT_SYMLINK_FOLLOW),
            errno.errorcode[ctypes.get_errno()])
      print('link to what is open', C.linkat(opened, b'', AT_FDCWD, b'linked', AT_EMPTY_PATH),
            errno.errorcode[ctypes.get_errno()])
      os.link('canary', 'second')
      print('link inside', read('second'), os.stat('canary').st_nlink)
      print('root of itself', sorted(os.listdir('/proc/self/root')) == sorted(os.listdir('/')))
      print('above the root', os.stat('/..').st_ino == os.stat('/').st_ino)
      print('left', [name for name in os.listdir('.') if name in ('linked', 'device')])
      """;

  private static final String ANSWERS =
      """
      host process ENOENT
      its memory ENOENT
      own memory 0
      memory of 1 0
      kernel memory ENOENT ENOENT
      host device null ENXIO
      host device zero ENXIO
      host device random ENXIO
      host device mem ENOENT
      host device kmsg ENXIO
      new device EPERM
      new device EPERM
      link to another file system EXDEV
      link to the host ENOENT
      link to a descriptor -1 EXDEV
      link to what is open -1 EXDEV
      link inside 6 2
      root of itself True
      above the root True
      left []
      """;

  @Test
  void processesDevicesAndHardLinksLeadNowhere() throws Exception {
    Files.writeString(tree.resolve("attempts.py"), ATTEMPTS);
    String jvm = Long.toString(ProcessHandle.current().pid());
    Path result = outside.resolveSibling("result");
    CvmConfiguration configuration =
        CvmConfiguration.builder("/usr/bin/python3")
            .arguments(List.of(TREE + "/attempts.py", jvm, outside.resolve("canary").toString()))
            .mount(new HostMount(tree, TREE, true))
            .mount(new HostMount(Path.of("/dev"), "/hostdev", true))
            .standardInput(StandardStream.discarded())
            .standardOutput(StandardStream.hostFile(result))
            .standardError(StandardStream.hostFile(result))
            .build();
    try (Cvm guest = ConfinedRun.capVm().start(configuration)) {
      assertThat(guest.waitFor(SOON)).as(Files.readString(result)).isPresent();
    }
    assertThat(Files.readString(result)).isEqualTo(ANSWERS);
    assertUntouched();
  }
}
