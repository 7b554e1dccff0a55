package org.capvm.libos.file.proc;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.file.synthetic.SyntheticLink;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.Program;
import org.capvm.libos.process.Task;

/**
 * {@code exe}, {@code cwd} and {@code root} of a process. Followed, they lead to places of the
 * cVM's own tree only.
 */
final class ProcessLink extends SyntheticLink {
  /** Which of the links. */
  enum Kind {
    EXECUTABLE,
    DIRECTORY,
    ROOT
  }

  private final Process process;
  private final Kind kind;

  ProcessLink(SyntheticFileSystem fileSystem, long number, Process process, Kind kind) {
    super(fileSystem, number, caller -> target(process, kind, caller));
    this.process = process;
    this.kind = kind;
  }

  private static FileSystemContext context(Process process) {
    Task leader = ProcessTexts.leader(process);
    if (leader == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return leader.fileSystem();
  }

  private static String target(Process process, Kind kind, Caller caller) {
    Location callersRoot = caller.fileSystem().root();
    return switch (kind) {
      case EXECUTABLE -> executablePath(process, callersRoot);
      case DIRECTORY -> context(process).workingDirectory().path(callersRoot);
      case ROOT -> context(process).root().path(callersRoot);
    };
  }

  private static String executable(Process process) {
    Program program = process.program();
    if (program == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return program.filePath();
  }

  /** The file itself, links resolved; what was removed keeps the name it was started by. */
  private static String executablePath(Process process, Location callersRoot) {
    try {
      return executableLocation(context(process), process).path(callersRoot);
    } catch (ErrnoException removed) {
      return executable(process) + " (deleted)";
    }
  }

  private static Location executableLocation(FileSystemContext context, Process process) {
    return PathWalk.find(Caller.system(context), context.root(), executable(process), true);
  }

  @Override
  public Location magicTarget(Caller caller) {
    FileSystemContext context = context(process);
    return switch (kind) {
      case EXECUTABLE -> executableLocation(context, process);
      case DIRECTORY -> context.workingDirectory();
      case ROOT -> context.root();
    };
  }
}
