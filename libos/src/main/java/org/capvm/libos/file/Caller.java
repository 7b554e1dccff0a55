package org.capvm.libos.file;

import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;

/**
 * On whose behalf a name is looked up.
 *
 * @param fileSystem the caller's root, working directory and umask
 * @param credentials the caller's identity for file access
 * @param task the caller, or null when the library OS itself asks before a guest runs
 */
public record Caller(FileSystemContext fileSystem, Credentials credentials, Task task) {
  /** A running guest thread as caller. */
  public static Caller of(Task task) {
    return new Caller(task.fileSystem(), task.credentials(), task);
  }

  /** The library OS as caller, with all rights. */
  public static Caller system(FileSystemContext fileSystem) {
    return new Caller(fileSystem, Credentials.of(0, 0), null);
  }
}
