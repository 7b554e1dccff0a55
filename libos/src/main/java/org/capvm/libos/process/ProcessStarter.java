package org.capvm.libos.process;

import java.util.List;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.signal.SignalActions;
import org.capvm.libos.signal.SignalState;

/**
 * Makes processes that no process of the cVM forked: the first, and those that are added from
 * outside.
 */
public final class ProcessStarter {
  private final LibraryOs libraryOs;

  /** For a library OS. */
  public ProcessStarter(LibraryOs libraryOs) {
    this.libraryOs = libraryOs;
  }

  /** See {@link LibraryOs#start}. */
  public Process start(
      ProgramFile.Opener opener,
      String path,
      List<byte[]> arguments,
      List<byte[]> environment,
      Credentials credentials,
      FileDescriptorTable files,
      FileSystemContext fileSystem) {
    ResourceLimits limits = ResourceLimits.defaults();
    ProgramPlan plan =
        ProgramPlan.make(opener, path, arguments, environment, limits.soft(Resource.RLIMIT_STACK));
    try {
      int id = libraryOs.processes().allocateId();
      AddressSpace space = libraryOs.newAddressSpace();
      Process process =
          new Process(libraryOs, id, null, credentials, limits, SignalActions.defaults(), space);
      Task task =
          new Task(
              process, id, "", files, fileSystem, new SignalState(process.pendingSignals(), 0));
      libraryOs.processes().add(process);
      TaskThread.start(task, () -> Exec.execute(task, plan));
      return process;
    } catch (RuntimeException e) {
      plan.close();
      throw e;
    }
  }
}
