package org.capvm.libos.identity;

import java.util.List;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.ProcessTable;
import org.capvm.libos.process.Task;

/** Nice values: getpriority(2), setpriority(2). Each task has its own, as on Linux. */
final class PriorityCalls {
  private static final int PRIO_PROCESS = 0;
  private static final int PRIO_PGRP = 1;
  private static final int PRIO_USER = 2;
  private static final int NICE_MIN = -20;
  private static final int NICE_MAX = 19;

  /** What the raw call returns, and RLIMIT_NICE holds, is this minus the nice value. */
  private static final int INVERSION = 20;

  private PriorityCalls() {}

  static long getpriority(Task task, long which, long id, long a2, long a3, long a4, long a5) {
    if ((int) which < PRIO_PROCESS || (int) which > PRIO_USER) {
      return -Errno.EINVAL;
    }
    long highest = -Errno.ESRCH;
    for (Task each : meant(task, (int) which, (int) id)) {
      highest = Math.max(highest, INVERSION - each.nice());
    }
    return highest;
  }

  static long setpriority(Task task, long which, long id, long nice, long a3, long a4, long a5) {
    if ((int) which < PRIO_PROCESS || (int) which > PRIO_USER) {
      return -Errno.EINVAL;
    }
    int wanted = Math.clamp((int) nice, NICE_MIN, NICE_MAX);
    long result = -Errno.ESRCH;
    for (Task each : meant(task, (int) which, (int) id)) {
      long refusal = refusal(task, each, wanted);
      if (refusal != 0) {
        result = refusal;
      } else {
        each.setNice(wanted);
        result = result == -Errno.ESRCH ? 0 : result;
      }
    }
    return result;
  }

  private static long refusal(Task task, Task target, int nice) {
    Credentials own = task.credentials();
    if (own.isPrivileged()) {
      return 0;
    }
    Credentials other = target.credentials();
    if (own.euid() != other.uid() && own.euid() != other.euid()) {
      return -Errno.EPERM;
    }
    boolean raises = nice < target.nice();
    return raises && target.limits().exceeds(Resource.RLIMIT_NICE, INVERSION - nice)
        ? -Errno.EACCES
        : 0;
  }

  private static List<Task> meant(Task task, int which, int id) {
    ProcessTable table = task.libraryOs().processes();
    if (which == PRIO_PROCESS) {
      Task named = id == 0 ? task : table.task(id);
      return named == null ? List.of() : List.of(named);
    }
    if (which == PRIO_PGRP) {
      int group = id == 0 ? task.process().processGroup() : id;
      return table.tasks().stream().filter(t -> t.process().processGroup() == group).toList();
    }
    int user = id == 0 ? task.credentials().uid() : id;
    return table.tasks().stream().filter(t -> t.credentials().uid() == user).toList();
  }
}
