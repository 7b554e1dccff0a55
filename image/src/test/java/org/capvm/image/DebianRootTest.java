package org.capvm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prepares roots from a repository of its own: app depends on lib, other on nothing. */
final class DebianRootTest {
  @TempDir private Path directory;
  private Path repository;
  private Path kept;
  private final List<String> told = new ArrayList<>();

  @BeforeEach
  void makeRepository() throws Exception {
    repository = Files.createDirectory(directory.resolve("repository"));
    kept = directory.resolve("kept");
    StringBuilder index = new StringBuilder();
    index.append(makePackage("app", "Depends: lib", "usr/bin/app"));
    index.append(makePackage("lib", "Section: libs", "lib/x86_64-linux-gnu/lib.so"));
    index.append(makePackage("other", "Section: misc", "usr/share/other"));
    Files.writeString(repository.resolve("Packages"), index);
  }

  @Test
  void packagesAndWhatTheyDependOnAreUnpackedAndNothingElse() throws Exception {
    Path root = debian("app").prepare(kept, told::add);
    assertThat(root.resolve("usr/bin/app")).hasContent("content of app");
    assertThat(root.resolve("usr/share/other")).doesNotExist();
    assertThat(told).hasSize(2).last().isEqualTo("Unpacking 2 packages ...");
  }

  @Test
  void directoriesOfTheRootAreLinksIntoUsr() throws Exception {
    Path root = debian("lib").prepare(kept, told::add);
    assertThat(Files.readSymbolicLink(root.resolve("lib"))).isEqualTo(Path.of("usr/lib"));
    assertThat(root.resolve("usr/lib/x86_64-linux-gnu/lib.so")).hasContent("content of lib");
  }

  @Test
  void aPreparedRootIsTakenAsItIs() throws Exception {
    Path root = debian("app").prepare(kept, told::add);
    Files.delete(repository.resolve("Packages"));
    told.clear();
    assertThat(debian("app").prepare(kept, told::add)).isEqualTo(root);
    assertThat(told).isEmpty();
  }

  @Test
  void otherPackagesAreAnotherRoot() throws Exception {
    debian("app").prepare(kept, told::add);
    Path root = debian("other").prepare(kept, told::add);
    assertThat(root.resolve("usr/share/other")).exists();
    assertThat(root.resolve("usr/bin/app")).doesNotExist();
  }

  @Test
  void aRootThatWasLeftHalfUnpackedIsMadeAnew() throws Exception {
    Files.createDirectories(kept.resolve("root/usr/share"));
    Files.writeString(kept.resolve("root/usr/share/other"), "half");
    Path root = debian("app").prepare(kept, told::add);
    assertThat(root.resolve("usr/share/other")).doesNotExist();
  }

  @Test
  void aPackageThatIsNotThereIsNamedInOneLine() {
    assertThatThrownBy(() -> debian("missing").prepare(kept, told::add))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("cannot fetch Debian packages: Unable to locate package missing")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aSourceThatDoesNotAnswerIsNamedInOneLine() {
    DebianRoot unreachable =
        new DebianRoot("deb [trusted=yes] http://127.0.0.1:1/debian ./", List.of("app"));
    assertThatThrownBy(() -> unreachable.prepare(kept, told::add))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("cannot fetch Debian packages: ")
        .hasMessageContaining("http://127.0.0.1:1/debian")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aFailureLeavesNothingThatCountsAsPrepared() throws Exception {
    assertThatThrownBy(() -> debian("missing").prepare(kept, told::add));
    assertThat(kept.resolve("prepared")).doesNotExist();
    assertThat(debian("app").prepare(kept, told::add).resolve("usr/bin/app")).exists();
  }

  private DebianRoot debian(String name) {
    return new DebianRoot("deb [trusted=yes] copy:" + repository + " ./", List.of(name));
  }

  /** Builds a package with one file; returns its entry for the repository's index. */
  private String makePackage(String name, String field, String file) throws Exception {
    Path tree = directory.resolve("tree-" + name);
    Path content = tree.resolve(file);
    Files.createDirectories(content.getParent());
    Files.writeString(content, "content of " + name);
    String control =
        String.join(
                "\n",
                "Package: " + name,
                "Version: 1.0",
                "Architecture: amd64",
                "Maintainer: Nobody <nobody@example.org>",
                field,
                "Description: for a test")
            + "\n";
    Files.createDirectory(tree.resolve("DEBIAN"));
    Files.writeString(tree.resolve("DEBIAN/control"), control);
    Path archive = repository.resolve(name + "_1.0_amd64.deb");
    Process build =
        new ProcessBuilder("dpkg-deb", "--build", tree.toString(), archive.toString())
            .redirectErrorStream(true)
            .start();
    assertThat(build.inputReader().lines().toList()).hasSize(1);
    assertThat(build.waitFor()).isZero();
    byte[] bytes = Files.readAllBytes(archive);
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    return control
        + "Filename: ./"
        + archive.getFileName()
        + "\nSize: "
        + bytes.length
        + "\nSHA256: "
        + digest
        + "\n\n";
  }
}
