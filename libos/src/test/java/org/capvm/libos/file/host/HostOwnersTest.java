package org.capvm.libos.file.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.callerIn;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Directory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostOwnersTest {
  private static final int USER = 101;
  private static final int GROUP = 104;

  @TempDir private Path top;

  /** The superuser may give files away; a JVM of anybody else keeps them. */
  @Test
  void newFilesBelongToTheirCreatorWhereTheHostAllowsIt() throws IOException {
    Directory root =
        callerIn(HostFileSystem.open(top.toString(), HostFileSystem.Audience.OWNER, false))
            .fileSystem()
            .root()
            .directory();
    root.createFile("file", new Directory.Attributes(FileMode.S_IFREG | 0640, USER, GROUP));
    root.createDirectory(
        "directory", new Directory.Attributes(FileMode.S_IFDIR | 0700, USER, GROUP));
    root.createSymbolicLink(
        "link", "file", new Directory.Attributes(FileMode.S_IFLNK | 0777, USER, GROUP));
    int self = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    int expected = self == 0 ? USER : self;
    for (String name : List.of("file", "directory", "link")) {
      assertThat(owner(name)).as(name).isEqualTo(expected);
      assertThat(root.lookup(null, name).status().uid()).as(name).isEqualTo(expected);
    }
    assertThat(root.lookup(null, "file").status().mode()).isEqualTo(FileMode.S_IFREG | 0640);
    assertThat(root.lookup(null, "directory").status().mode()).isEqualTo(FileMode.S_IFDIR | 0700);
  }

  private int owner(String name) throws IOException {
    return (Integer) Files.getAttribute(top.resolve(name), "unix:uid", LinkOption.NOFOLLOW_LINKS);
  }
}
