package org.capvm.engine;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.file.MountTable;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.file.dev.HostStream;
import org.capvm.libos.file.dev.Terminal;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Process;

/**
 * A program that was added to a running cVM. It has no parent there; when it ends, its children
 * become the first process's.
 *
 * <p>Threads: any.
 */
public final class RunningProgram implements AutoCloseable {
  private static final int STREAMS = 3;

  private final Process process;

  private RunningProgram(Process process) {
    this.process = process;
  }

  /** Starts one; see {@link Cvm#exec}. */
  static RunningProgram start(LibraryOs libraryOs, MountTable mounts, ProgramStart start) {
    StandardDescriptors streams = StandardDescriptors.open(start);
    try {
      return new RunningProgram(
          launch(libraryOs, mounts, start, streams, streams.terminal(), streams::close));
    } catch (RuntimeException failure) {
      streams.close();
      throw failure;
    }
  }

  /**
   * Starts a process without a parent.
   *
   * @param whenUnused done when neither it nor what it forked has any of the streams any more
   */
  static Process launch(
      LibraryOs libraryOs,
      MountTable mounts,
      ProgramStart start,
      StandardDescriptors streams,
      Terminal terminal,
      Runnable whenUnused) {
    FileSystemContext fileSystem = new FileSystemContext(mounts);
    Caller caller = Caller.system(fileSystem);
    enterWorkingDirectory(caller, start.workingDirectory());
    FileDescriptorTable files = new FileDescriptorTable(libraryOs.memoryLimit());
    AtomicInteger used = new AtomicInteger(STREAMS);
    for (int descriptor = 0; descriptor < STREAMS; descriptor++) {
      int hostDescriptor = streams.hostDescriptor(descriptor);
      Terminal own = Terminal.isTerminal(hostDescriptor) ? terminal : null;
      int flags = HostStream.flagsOf(hostDescriptor);
      HostStream stream = new HostStream(hostDescriptor, own, null, flags);
      stream.onClose(
          () -> {
            if (used.decrementAndGet() == 0) {
              whenUnused.run();
            }
          });
      files.install(stream, false, descriptor, STREAMS);
    }
    ProgramLookup lookup = new ProgramLookup(caller, start);
    String path = lookup.path();
    List<byte[]> arguments = new ArrayList<>();
    arguments.add(utf8(start.program()));
    start.arguments().forEach(word -> arguments.add(utf8(word)));
    List<byte[]> environment = new ArrayList<>();
    start.environment().forEach((name, value) -> environment.add(utf8(name + "=" + value)));
    try {
      return libraryOs.start(
          lookup, path, arguments, environment, Credentials.of(0, 0), files, fileSystem);
    } catch (ErrnoException refusal) {
      throw lookup.explain(path, refusal);
    }
  }

  private static void enterWorkingDirectory(Caller caller, String guestPath) {
    FileSystemContext fileSystem = caller.fileSystem();
    try {
      var location = PathWalk.find(caller, fileSystem.root(), GuestTree.bytes(guestPath), true);
      if (!location.inode().isDirectory()) {
        throw ErrnoException.of(Errno.ENOTDIR);
      }
      fileSystem.changeWorkingDirectory(location);
    } catch (ErrnoException refusal) {
      throw new CvmConfigurationException(
          "working directory " + guestPath + ": " + Errno.message(refusal.errno()), refusal);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Waits for the program's end.
   *
   * @throws InterruptedException if the waiting thread is interrupted; the program goes on
   */
  public ExitStatus waitFor() throws InterruptedException {
    return status(process.awaitEnd());
  }

  /**
   * Waits for the program's end, but not for ever.
   *
   * @return empty if it is still running
   * @throws InterruptedException if the waiting thread is interrupted; the program goes on
   */
  public Optional<ExitStatus> waitFor(Duration longest) throws InterruptedException {
    return process.awaitEnd(longest).map(RunningProgram::status);
  }

  private static ExitStatus status(org.capvm.libos.process.ExitStatus end) {
    return end.signal() == 0
        ? new ExitStatus.Exited(end.code())
        : new ExitStatus.Killed(end.signal(), Optional.empty());
  }

  /**
   * Sends the program a signal, as from outside.
   *
   * @param signal Linux's number
   */
  public void signal(int signal) {
    process.signal(signal);
  }

  /**
   * Ends the program and waits until it has gone. Its streams are let go of when what it forked and
   * left running has none of them any more.
   */
  @Override
  public void close() {
    boolean interrupted = false;
    process.exitGroup(org.capvm.libos.process.ExitStatus.killed(Signal.SIGKILL, false));
    while (process.ended() == null) {
      try {
        process.awaitEnd();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
