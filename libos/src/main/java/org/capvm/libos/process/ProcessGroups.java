package org.capvm.libos.process;

import java.util.List;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;

/** Process groups as a whole. Threads: any. */
public final class ProcessGroups {
  private ProcessGroups() {}

  /** The processes of a group, zombies included. */
  public static List<Process> members(LibraryOs libraryOs, int group) {
    return libraryOs.processes().processes().stream()
        .filter(process -> process.processGroup() == group)
        .toList();
  }

  /** Sends a signal of the kernel's to each process of a group. */
  public static void signal(LibraryOs libraryOs, int group, int signal) {
    for (Process process : members(libraryOs, group)) {
      SignalDelivery.send(process, SignalInfo.fromKernel(signal));
    }
  }

  /**
   * Whether nobody could continue a group that stopped: no process of it has a parent in the same
   * session and another group.
   */
  public static boolean isOrphaned(LibraryOs libraryOs, int group) {
    return isOrphaned(members(libraryOs, group), null);
  }

  private static boolean isOrphaned(List<Process> members, Process ending) {
    for (Process process : members) {
      if (process != ending
          && process.ended() == null
          && couldContinue(process.parent(), process)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a parent, or null, is in its child's session and not in its group: a shell, say. */
  private static boolean couldContinue(Process parent, Process child) {
    return parent != null
        && parent.processGroup() != child.processGroup()
        && parent.session() == child.session();
  }

  /**
   * A process ends that may have been what kept a group from being orphaned: if stopped processes
   * are in it, they are told and go on.
   *
   * @param process of the group
   * @param parent of that process, so far
   * @param ending a process that counts no more, or null
   */
  static void releaseIfOrphaned(Process process, Process parent, Process ending) {
    if (!couldContinue(parent, process)) {
      return;
    }
    LibraryOs libraryOs = process.libraryOs();
    List<Process> members = members(libraryOs, process.processGroup());
    boolean stopped =
        members.stream().anyMatch(each -> each.ended() == null && each.stopSignal() != 0);
    if (stopped && isOrphaned(members, ending)) {
      signal(libraryOs, process.processGroup(), Signal.SIGHUP);
      signal(libraryOs, process.processGroup(), Signal.SIGCONT);
    }
  }
}
