package org.capvm.image;

import java.nio.file.Path;
import java.util.List;

/**
 * What the root of a cVM's file tree is made of. Whatever it is, the cVM never changes it: a
 * private writable layer lies above, takes all writes, and is dropped when the cVM ends.
 */
public sealed interface RootFileSystem {

  /**
   * The host's system directories, and of them what every user of the host may read.
   *
   * @param names entries of the host's root directory; those that are not there are left out,
   *     symbolic links are taken over as links
   */
  record System(List<String> names) implements RootFileSystem {
    /** Copies the names. */
    public System {
      names = List.copyOf(names);
    }
  }

  /**
   * One host directory, whole.
   *
   * @param hostPath where it is on the host, absolute
   */
  record Directory(Path hostPath) implements RootFileSystem {
    /** Checks the path's form. */
    public Directory {
      if (!hostPath.isAbsolute()) {
        throw new IllegalArgumentException("the root's host path must be absolute: " + hostPath);
      }
    }
  }

  /** The host's system directories: programs, libraries and public configuration. */
  static RootFileSystem system() {
    return new System(
        List.of("bin", "etc", "lib", "lib32", "lib64", "libexec", "libx32", "opt", "sbin", "usr"));
  }

  /** A host directory; a relative path starts at the JVM's working directory. */
  static RootFileSystem directory(Path hostPath) {
    return new Directory(hostPath.toAbsolutePath().normalize());
  }
}
