package org.capvm.engine;

import org.junit.jupiter.api.Test;

/** Programs that print what each system call answered, run on Linux and in a cVM. */
final class SystemInterfaceTest {

  @Test
  void fileCallsAnswerAsOnLinux() throws Exception {
    Differential.command("./file_calls")
        .copy(GuestProgram.c("file_calls", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void seekingTeeingLockingAndCopyingAnswerAsOnLinux() throws Exception {
    Differential.command("./descriptor_calls")
        .copy(GuestProgram.c("descriptor_calls", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void filesWithoutANameWorkInThePrivateLayer() throws Exception {
    Differential.command("./unnamed_file")
        .copy(GuestProgram.c("unnamed_file", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void memoryCallsAnswerAsOnLinux() throws Exception {
    Differential.command("./memory_calls")
        .copy(GuestProgram.c("memory_calls", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void systemVObjectsBehaveAsOnLinux() throws Exception {
    Differential.command("./system_v").copy(GuestProgram.c("system_v", "-O1")).agreesWithStatus(0);
  }

  @Test
  void whoWatchesFilesHearsWhatLinuxTells() throws Exception {
    Differential.command("./watches").copy(GuestProgram.c("watches", "-O1")).agreesWithStatus(0);
  }

  @Test
  void processesAreShownWithWhatTheyWroteOverTheirArguments() throws Exception {
    Differential.command("env", "-i", "LONG=abcdefgh", "./process_files", "one", "two")
        .copy(GuestProgram.c("process_files", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void ownersOfDirectoriesAreTold() throws Exception {
    Differential.command("./directory_notices")
        .copy(GuestProgram.c("directory_notices", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void nicenessAndTheNumberOfProcessesAreLimitedByUser() throws Exception {
    Differential.command("./user_limits")
        .copy(GuestProgram.c("user_limits", "-O1", "-pthread"))
        .agreesWithStatus(0);
  }

  @Test
  void threadLocalDataAndExitHandlersWork() throws Exception {
    Differential.command("./thread_local")
        .copy(GuestProgram.c("thread_local", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void threadLocalDataWorksWithMusl() throws Exception {
    Differential.command("./thread_local")
        .copy(GuestProgram.musl("thread_local", "-O1", "-static"))
        .agreesWithStatus(0);
  }
}
