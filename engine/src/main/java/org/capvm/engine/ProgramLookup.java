package org.capvm.engine;

import org.capvm.engine.ProgramNotStartedException.Reason;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.ExecutableFile;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.process.ProgramFile;

/**
 * Finds a configuration's program in the cVM's own file tree, as a shell would, and explains
 * failures.
 */
final class ProgramLookup implements ProgramFile.Opener {
  private final Caller caller;
  private final ProgramStart start;
  private String lastRefused;

  ProgramLookup(Caller caller, ProgramStart start) {
    this.caller = caller;
    this.start = start;
  }

  /**
   * The program's path, one character for every byte.
   *
   * @throws ProgramNotStartedException if a name without a slash is nowhere on the {@code PATH}
   */
  String path() {
    String program = GuestTree.bytes(start.program());
    if (program.indexOf('/') >= 0) {
      return program;
    }
    String search = start.environment().getOrDefault("PATH", "");
    boolean found = false;
    for (String directory : GuestTree.bytes(search).split(":", -1)) {
      String candidate = directory.isEmpty() ? "./" + program : directory + "/" + program;
      Location location = find(candidate);
      if (location != null && location.inode().isRegular()) {
        found = true;
        if (Access.allows(location.inode().status(), caller.credentials(), Access.EXECUTE)) {
          return candidate;
        }
      }
    }
    if (found) {
      throw new ProgramNotStartedException(
          Reason.NOT_EXECUTABLE, start.program() + ": Permission denied");
    }
    throw new ProgramNotStartedException(
        Reason.NOT_FOUND, start.program() + ": not found on the cVM's PATH");
  }

  @Override
  public ProgramFile open(String path) {
    try {
      return ExecutableFile.open(caller, path);
    } catch (ErrnoException refusal) {
      lastRefused = path;
      throw refusal;
    }
  }

  /** Puts into words why the program at a path was not started. */
  ProgramNotStartedException explain(String path, ErrnoException refusal) {
    int errno = refusal.errno();
    Reason reason = errno == Errno.ENOENT ? Reason.NOT_FOUND : Reason.NOT_EXECUTABLE;
    String why = Errno.message(errno);
    if (lastRefused != null && !lastRefused.equals(path)) {
      why = "its interpreter " + lastRefused + ": " + why;
    } else {
      Location location = find(path);
      if (location != null && location.inode().isDirectory()) {
        why = Errno.message(Errno.EISDIR);
      }
    }
    return new ProgramNotStartedException(reason, start.program() + ": " + why);
  }

  private Location find(String path) {
    try {
      return PathWalk.find(caller, caller.fileSystem().workingDirectory(), path, true);
    } catch (ErrnoException missing) {
      return null;
    }
  }
}
