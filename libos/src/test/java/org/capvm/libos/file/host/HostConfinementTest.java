package org.capvm.libos.file.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.callerIn;
import static org.capvm.libos.file.FileTrees.errnoOf;
import static org.capvm.libos.file.FileTrees.open;
import static org.capvm.libos.file.FileTrees.read;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicBoolean;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileTrees;
import org.capvm.libos.file.PathWalk;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Attempts to leave a host directory.
 *
 * <pre>
 *   outside/secret
 *   inside/            the root of the file system
 *     public  d/secret (harmless)  link -> absolute path of outside/secret  up -> ../outside
 * </pre>
 */
class HostConfinementTest {
  private static final String SECRET = "secret";
  private static final String HARMLESS = "harmless";

  @TempDir private Path top;
  private Path inside;
  private Caller caller;

  @BeforeEach
  void makeTree() throws IOException {
    inside = Files.createDirectory(top.resolve("inside"));
    Files.createDirectory(top.resolve("outside"));
    Files.writeString(top.resolve("outside/secret"), SECRET);
    Files.writeString(inside.resolve("public"), "public");
    Files.createDirectory(inside.resolve("d"));
    Files.writeString(inside.resolve("d/secret"), HARMLESS);
    Files.createSymbolicLink(inside.resolve("link"), top.resolve("outside/secret"));
    Files.createSymbolicLink(inside.resolve("up"), Path.of("../outside"));
    caller = callerIn(HostFileSystem.open(inside.toString(), HostFileSystem.Audience.OWNER, false));
  }

  private int openErrno(String path) {
    return errnoOf(() -> open(caller, path, OpenFlags.O_RDONLY).release());
  }

  @Test
  void whatIsInsideCanBeRead() {
    assertThat(read(caller, "public")).isEqualTo("public");
  }

  @Test
  void dotDotDoesNotLeadOut() {
    assertThat(openErrno("../outside/secret")).isEqualTo(Errno.ENOENT);
    assertThat(openErrno("d/../../outside/secret")).isEqualTo(Errno.ENOENT);
  }

  @Test
  void symbolicLinksAreWalkedInTheGuestsTree() {
    assertThat(openErrno("link")).isEqualTo(Errno.ENOENT);
    assertThat(openErrno("up/secret")).isEqualTo(Errno.ENOENT);
  }

  @Test
  void aLinkThatTheGuestMakesDoesNotLeadOut() {
    Directory root = caller.fileSystem().root().directory();
    root.createSymbolicLink(
        "mine", top.resolve("outside/secret").toString(), new Directory.Attributes(0777, 0, 0));
    assertThat(openErrno("mine")).isEqualTo(Errno.ENOENT);
  }

  @Test
  void aNameWithSlashesOrDotsThatReachesTheFileSystemFindsNothing() {
    Directory root = caller.fileSystem().root().directory();
    for (String name : new String[] {"..", "../outside", "/etc/passwd", "d/../../outside"}) {
      assertThat(errnoOf(() -> assertThat(root.lookup(caller, name)).isNull()))
          .as(name)
          .isIn(0, Errno.ENOENT, Errno.EXDEV);
    }
  }

  @Test
  void aDirectoryMovedOutByTheHostIsGoneForWhoeverWalks() throws IOException {
    assertThat(read(caller, "d/secret")).isEqualTo(HARMLESS);
    Files.move(inside.resolve("d"), top.resolve("moved"));
    assertThat(openErrno("d/secret")).isEqualTo(Errno.ENOENT);
    Files.createDirectory(inside.resolve("d"));
    Files.writeString(inside.resolve("d/secret"), "another");
    assertThat(read(caller, "d/secret")).isEqualTo("another");
  }

  @Test
  @Timeout(60)
  void aDirectorySwappedForALinkDuringTheWalkDoesNotLeadOut() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Path directory = inside.resolve("d");
    Path aside = inside.resolve("aside");
    Path link = inside.resolve("trap");
    Thread swapper =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!done.get()) {
                    swap(directory, aside, link);
                  }
                });
    int reads = 0;
    for (int i = 0; i < 20_000; i++) {
      try {
        assertThat(read(caller, "d/secret")).isEqualTo(HARMLESS);
        reads++;
      } catch (ErrnoException refused) {
        assertThat(refused.errno()).isIn(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP);
      }
      errnoOf(() -> statusSize("d/secret"));
    }
    done.set(true);
    swapper.join();
    assertThat(reads).isPositive();
  }

  private void statusSize(String path) {
    long size =
        PathWalk.find(caller, caller.fileSystem().root(), path, true).inode().status().size();
    assertThat(size).isEqualTo(HARMLESS.length());
  }

  private void swap(Path directory, Path aside, Path link) {
    try {
      Files.createSymbolicLink(link, Path.of("../outside"));
      Files.move(directory, aside);
      Files.move(link, directory, StandardCopyOption.ATOMIC_MOVE);
      Files.delete(directory);
      Files.move(aside, directory);
    } catch (IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  @Test
  void theHostsDevicesAndFifosAreNotOpened() throws Exception {
    Caller devices = callerIn(HostFileSystem.open("/dev", HostFileSystem.Audience.OWNER, false));
    assertThat(errnoOf(() -> open(devices, "null", OpenFlags.O_RDWR))).isEqualTo(Errno.ENXIO);
    Process made = new ProcessBuilder("mkfifo", inside.resolve("fifo").toString()).start();
    assertThat(made.waitFor()).isZero();
    assertThat(openErrno("fifo")).isEqualTo(Errno.ENXIO);
  }

  @Test
  void aReadOnlyMountRefusesEveryChange() {
    org.capvm.libos.file.FileSystem files =
        HostFileSystem.open(inside.toString(), HostFileSystem.Audience.OWNER, false);
    Caller reader =
        Caller.system(
            new org.capvm.libos.file.FileSystemContext(
                new org.capvm.libos.file.MountTable(files, "test", true)));
    assertThat(errnoOf(() -> FileTrees.write(reader, "public", "x"))).isEqualTo(Errno.EROFS);
    assertThat(errnoOf(() -> FileTrees.write(reader, "new", "x"))).isEqualTo(Errno.EROFS);
  }

  @Test
  void withAnAudienceOfEveryoneWhatIsPrivateDoesNotExist() throws IOException {
    Files.setPosixFilePermissions(
        inside.resolve("public"), PosixFilePermissions.fromString("rw-r--r--"));
    Files.setPosixFilePermissions(inside, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path hidden = Files.writeString(inside.resolve("key"), "k");
    Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rw-r-----"));
    Files.setPosixFilePermissions(
        inside.resolve("d"), PosixFilePermissions.fromString("rwx--x--x"));
    Caller everyone =
        callerIn(HostFileSystem.open(inside.toString(), HostFileSystem.Audience.EVERYONE, true));
    assertThat(read(everyone, "public")).isEqualTo("public");
    assertThat(errnoOf(() -> read(everyone, "key"))).isEqualTo(Errno.ENOENT);
    assertThat(errnoOf(() -> read(everyone, "d/secret"))).isEqualTo(Errno.ENOENT);
    assertThat(everyone.fileSystem().root().directory().list(everyone))
        .extracting(Directory.Entry::name)
        .contains("public")
        .doesNotContain("key", "d");
  }
}
