package org.capvm.libos.file.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.callerIn;
import static org.capvm.libos.file.FileTrees.errnoOf;
import static org.capvm.libos.file.FileTrees.open;
import static org.capvm.libos.file.FileTrees.read;
import static org.capvm.libos.file.FileTrees.write;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.file.content.ContentStore;
import org.capvm.libos.file.content.StorageQuota;
import org.capvm.libos.file.host.HostFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An overlay over one host directory.
 *
 * <pre>
 *   lower: a  d/b  d/c/e  one = two (hard links)
 * </pre>
 */
class LayeredFileSystemTest {
  private static final Directory.Attributes DIRECTORY = new Directory.Attributes(0755, 0, 0);

  @TempDir private Path lower;
  private Caller caller;
  private Directory root;

  @BeforeEach
  void makeTree() throws IOException {
    Files.writeString(lower.resolve("a"), "lower a");
    Files.createDirectories(lower.resolve("d/c"));
    Files.writeString(lower.resolve("d/b"), "lower b");
    Files.writeString(lower.resolve("d/c/e"), "lower e");
    Files.writeString(lower.resolve("one"), "linked");
    Files.createLink(lower.resolve("two"), lower.resolve("one"));
    HostFileSystem host =
        HostFileSystem.open(lower.toString(), HostFileSystem.Audience.OWNER, true);
    caller =
        callerIn(
            LayeredFileSystem.overlay(
                List.of(host), new ContentStore.Memory("test"), new StorageQuota(1 << 20, 100)));
    root = caller.fileSystem().root().directory();
  }

  private FileStatus status(String path) {
    return PathWalk.find(caller, caller.fileSystem().root(), path, false).inode().status();
  }

  private Directory directory(String path) {
    return PathWalk.find(caller, caller.fileSystem().root(), path, true).directory();
  }

  @Test
  void aWriteStaysPrivate() throws IOException {
    write(caller, "a", "upper");
    assertThat(read(caller, "a")).isEqualTo("upper");
    assertThat(Files.readString(lower.resolve("a"))).isEqualTo("lower a");
  }

  @Test
  void copyUpKeepsTheInodeNumberAndTheContent() {
    long number = status("a").inode();
    FileDescription file = open(caller, "a", OpenFlags.O_RDWR);
    file.release();
    assertThat(status("a").inode()).isEqualTo(number);
    assertThat(read(caller, "a")).isEqualTo("lower a");
  }

  @Test
  void aFileOpenedForReadingBeforeCopyUpGoesOnShowingTheLowerContent() {
    FileDescription before = open(caller, "a", OpenFlags.O_RDONLY);
    write(caller, "a", "upper");
    assertThat(read(before)).isEqualTo("lower a");
    before.release();
  }

  @Test
  void aRemovedNameStaysRemovedAndMayBeMadeAgain() throws IOException {
    root.unlink("a");
    assertThat(errnoOf(() -> read(caller, "a"))).isEqualTo(Errno.ENOENT);
    assertThat(root.list(caller)).extracting(Directory.Entry::name).doesNotContain("a");
    write(caller, "a", "new");
    assertThat(read(caller, "a")).isEqualTo("new");
    assertThat(Files.exists(lower.resolve("a"))).isTrue();
  }

  @Test
  void aDirectoryMadeWhereOneWasRemovedIsEmpty() {
    Directory d = directory("d");
    d.unlink("b");
    directory("d/c").unlink("e");
    d.removeDirectory("c");
    root.removeDirectory("d");
    root.createDirectory("d", DIRECTORY);
    assertThat(directory("d").list(caller)).isEmpty();
    assertThat(errnoOf(() -> read(caller, "d/b"))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void aDirectoryWithLowerNamesIsNotEmpty() {
    assertThat(errnoOf(() -> root.removeDirectory("d"))).isEqualTo(Errno.ENOTEMPTY);
  }

  @Test
  void aRenamedLowerDirectoryTakesItsContentAlong() {
    root.rename("d", root, "moved", 0);
    assertThat(read(caller, "moved/c/e")).isEqualTo("lower e");
    assertThat(errnoOf(() -> read(caller, "d/b"))).isEqualTo(Errno.ENOENT);
    write(caller, "moved/b", "upper");
    assertThat(read(caller, "moved/b")).isEqualTo("upper");
  }

  @Test
  void hardLinksOfALowerFileStayOneFileAfterCopyUp() {
    assertThat(status("one").inode()).isEqualTo(status("two").inode());
    write(caller, "one", "changed");
    assertThat(read(caller, "two")).isEqualTo("changed");
  }

  @Test
  void listedNumbersAreThoseThatStatShows() {
    for (Directory.Entry entry : root.list(caller)) {
      assertThat(status(entry.name()).inode()).as(entry.name()).isEqualTo(entry.inode());
    }
  }

  @Test
  void anUnlinkedFileLivesUntilItIsClosed() {
    write(caller, "new", "still here");
    FileDescription file = open(caller, "new", OpenFlags.O_RDONLY);
    root.unlink("new");
    assertThat(read(file)).isEqualTo("still here");
    assertThat(file.status().linkCount()).isZero();
    file.release();
  }

  @Test
  void theQuotaEndsInNoSpaceAndFreedBytesCanBeUsedAgain() {
    String chunk = "x".repeat(300_000);
    write(caller, "big", chunk);
    write(caller, "bigger", chunk);
    write(caller, "biggest", chunk);
    assertThat(errnoOf(() -> write(caller, "more", "x".repeat(200_000)))).isZero();
    assertThat(status("more").size()).isLessThan(200_000);
    assertThat(errnoOf(() -> write(caller, "none", "x"))).isEqualTo(Errno.ENOSPC);
    root.unlink("big");
    assertThat(errnoOf(() -> write(caller, "fits", chunk))).isZero();
  }

  @Test
  void aDirectoryCannotMoveIntoItself() {
    assertThat(errnoOf(() -> root.rename("d", directory("d/c"), "x", 0))).isEqualTo(Errno.EINVAL);
  }

  @Test
  void manyFilesAtRestHoldFewDescriptorsAndKeepTheirContentAndTimes() {
    Caller roomy = callerIn(org.capvm.libos.file.FileTrees.tmpfs());
    Directory top = roomy.fileSystem().root().directory();
    for (int i = 0; i < 3000; i++) {
      write(roomy, "f" + i, "content " + i);
      top.lookup(roomy, "f" + i).changeTimes(null, new org.capvm.libos.file.Timestamp(i, 7));
    }
    assertThat(roomy.fileSystem().mounts().descriptors().used()).isLessThan(1500);
    for (int i = 0; i < 3000; i += 7) {
      FileStatus at = top.lookup(roomy, "f" + i).status();
      assertThat(at.modification().seconds()).isEqualTo(i);
      assertThat(read(roomy, "f" + i)).isEqualTo("content " + i);
      assertThat(top.lookup(roomy, "f" + i).status().size()).isEqualTo(at.size());
    }
    for (int i = 0; i < 3000; i++) {
      top.unlink("f" + i);
    }
    assertThat(roomy.fileSystem().mounts().descriptors().used()).isZero();
  }
}
