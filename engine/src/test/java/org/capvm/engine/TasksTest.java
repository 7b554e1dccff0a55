package org.capvm.engine;

import org.junit.jupiter.api.Test;

/** Programs with signals, threads, children and changing code, run on Linux and in a cVM. */
final class TasksTest {
  private static final int KILLED_BY_SIGTERM = 128 + 15;

  @Test
  void signalsArriveAsOnLinux() throws Exception {
    Differential.command("./signals")
        .copy(GuestProgram.c("signals", "-O0", "-mavx2"))
        .agreesWithStatus(KILLED_BY_SIGTERM);
  }

  @Test
  void threadsShareMemoryAndEndAsOnLinux() throws Exception {
    Differential.command("./threads")
        .copy(GuestProgram.c("threads", "-O1", "-pthread"))
        .agreesWithStatus(3);
  }

  @Test
  void threadsWorkWithMusl() throws Exception {
    Differential.command("./threads")
        .copy(GuestProgram.musl("threads", "-O1", "-static", "-pthread"))
        .agreesWithStatus(3);
  }

  @Test
  void childrenLiveAndEndAsOnLinux() throws Exception {
    Differential.command("./processes")
        .copy(GuestProgram.c("processes", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void systemCallsStoreWhileAnotherThreadForks() throws Exception {
    Differential.command("./fork_stores", "150")
        .copy(GuestProgram.c("fork_stores", "-O2", "-pthread"))
        .agreesWithStatus(0);
  }

  @Test
  void manyChildrenLiveAtOnceEachWithMemoryOfItsOwn() throws Exception {
    Differential.command("./many_children")
        .copy(GuestProgram.c("many_children", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void whatOneChildLeavesIsNotSeenByTheNext() throws Exception {
    Differential.command("./child_after_child")
        .copy(GuestProgram.c("child_after_child", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void descriptorsOfProcessesBehaveAsOnLinux() throws Exception {
    Differential.command("./process_descriptors")
        .copy(GuestProgram.c("process_descriptors", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void flagsMoveToAndFromTheStackAsOnTheProcessor() throws Exception {
    Differential.command("./stack_flags")
        .copy(GuestProgram.c("stack_flags", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void codeThatChangesRunsAsItIs() throws Exception {
    Differential.command("./code_changes")
        .copy(GuestProgram.c("code_changes", "-O1"))
        .agreesWithStatus(0);
  }
}
