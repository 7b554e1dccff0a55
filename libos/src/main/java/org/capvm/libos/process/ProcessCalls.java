package org.capvm.libos.process;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.monitor.memory.GuestMemory;

/** Life and identity of processes and tasks. */
final class ProcessCalls {
  private static final int ARCH_SET_GS = 0x1001;
  private static final int ARCH_SET_FS = 0x1002;
  private static final int ARCH_GET_FS = 0x1003;
  private static final int ARCH_GET_GS = 0x1004;
  private static final int ARCH_GET_CPUID = 0x1011;
  private static final int ARCH_SET_CPUID = 0x1012;
  private static final long USER_ADDRESSES_END = 0x7fff_ffff_f000L;

  private ProcessCalls() {}

  static long exit(Task task, long code, long a1, long a2, long a3, long a4, long a5) {
    task.exit(ExitStatus.exited((int) code));
    return 0;
  }

  static long exitGroup(Task task, long code, long a1, long a2, long a3, long a4, long a5) {
    task.process().exitGroup(ExitStatus.exited((int) code));
    return 0;
  }

  static long getpid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return task.process().id();
  }

  static long gettid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return task.id();
  }

  static long getppid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return task.process().parentId();
  }

  static long setTidAddress(Task task, long word, long a1, long a2, long a3, long a4, long a5) {
    task.setClearChildTid(word);
    return task.id();
  }

  static long archPrctl(Task task, long code, long value, long a2, long a3, long a4, long a5) {
    Registers registers = task.registers();
    switch ((int) code) {
      case ARCH_SET_FS, ARCH_SET_GS -> {
        if (Long.compareUnsigned(value, USER_ADDRESSES_END) >= 0) {
          return -Errno.EPERM;
        }
        if ((int) code == ARCH_SET_FS) {
          registers.setFsBase(value);
        } else {
          registers.setGsBase(value);
        }
        return 0;
      }
      case ARCH_GET_FS -> task.memory().putLong(value, registers.fsBase());
      case ARCH_GET_GS -> task.memory().putLong(value, registers.gsBase());
      case ARCH_GET_CPUID -> {
        return 1;
      }
      case ARCH_SET_CPUID -> {
        return -Errno.ENODEV;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    return 0;
  }

  static long getpgrp(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return task.process().processGroup();
  }

  static long getpgid(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    Process process = named(task, (int) id);
    return process == null ? -Errno.ESRCH : process.processGroup();
  }

  static long getsid(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    Process process = named(task, (int) id);
    return process == null ? -Errno.ESRCH : process.session();
  }

  private static Process named(Task task, int id) {
    return id == 0 ? task.process() : task.libraryOs().processes().process(id);
  }

  static long setsid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    Process process = task.process();
    if (groupExists(task, process.id(), -1)) {
      return -Errno.EPERM;
    }
    process.startSession();
    return process.session();
  }

  static long setpgid(Task task, long id, long group, long a2, long a3, long a4, long a5) {
    Process self = task.process();
    Process process = named(task, (int) id);
    int wanted = (int) group == 0 && process != null ? process.id() : (int) group;
    if (wanted < 0) {
      return -Errno.EINVAL;
    }
    if (process == null || (process != self && process.parent() != self)) {
      return -Errno.ESRCH;
    }
    if (process.session() == process.id() || process.session() != self.session()) {
      return -Errno.EPERM;
    }
    if (process != self && process.program() != process.inheritedProgram()) {
      return -Errno.EACCES;
    }
    if (wanted != process.id() && !groupExists(task, wanted, self.session())) {
      return -Errno.EPERM;
    }
    process.setProcessGroup(wanted);
    return 0;
  }

  private static boolean groupExists(Task task, int group, int session) {
    for (Process each : task.libraryOs().processes().processes()) {
      boolean inSession = session < 0 || each.session() == session;
      if (each.processGroup() == group && inSession) {
        return true;
      }
    }
    return false;
  }

  static long wait4(Task task, long id, long out, long options, long usage, long a4, long a5) {
    int flags = (int) options;
    if ((flags & ~(Wait.WNOHANG | Wait.WUNTRACED | Wait.WCONTINUED | Wait.CLONE_OPTIONS)) != 0) {
      return -Errno.EINVAL;
    }
    Wait.Result result =
        Wait.await(task, Wait.Selection.ofWait4(task, (int) id), flags | Wait.WEXITED);
    if (result == null) {
      return 0;
    }
    GuestMemory memory = task.memory();
    if (out != 0) {
      memory.putInt(out, result.waitStatus());
    }
    if (usage != 0) {
      ResourceUsage.write(memory, usage, result.times());
    }
    return result.id();
  }

  static long waitid(Task task, long kind, long id, long out, long options, long usage, long a5) {
    long result;
    try {
      result = waitid(task, kind, id, out, options, usage);
    } catch (ErrnoException failed) {
      result = -failed.errno();
    }
    if (result < 0 && out != 0) {
      // Linux stores to it whatever the result is, so EFAULT comes before every other error.
      writeChild(task, out, null);
    }
    return result;
  }

  private static long waitid(Task task, long kind, long id, long out, long options, long usage) {
    int flags = (int) options;
    int states = Wait.WEXITED | Wait.WUNTRACED | Wait.WCONTINUED;
    if ((flags & ~(states | Wait.WNOHANG | Wait.WNOWAIT | Wait.CLONE_OPTIONS)) != 0
        || (flags & states) == 0) {
      return -Errno.EINVAL;
    }
    Wait.Selection selection = Wait.Selection.ofWaitid(task, (int) kind, (int) id);
    if (selection == null) {
      return -Errno.EINVAL;
    }
    boolean mayWait = Wait.mayWait(task, (int) kind, (int) id);
    Wait.Result result = Wait.await(task, selection, mayWait ? flags : flags | Wait.WNOHANG);
    if (result == null && (flags & Wait.WNOHANG) == 0) {
      return -Errno.EAGAIN;
    }
    GuestMemory memory = task.memory();
    if (out != 0) {
      writeChild(task, out, result);
    }
    if (usage != 0 && result != null) {
      ResourceUsage.write(memory, usage, result.times());
    }
    return 0;
  }

  /** Stores a {@code siginfo_t} about a child, or zeros. */
  private static void writeChild(Task task, long out, Wait.Result result) {
    GuestMemory memory = task.memory();
    memory.putInt(out, result == null ? 0 : Signal.SIGCHLD);
    memory.putInt(out + 4, 0);
    memory.putInt(out + 8, result == null ? 0 : result.code());
    memory.putInt(out + 16, result == null ? 0 : result.id());
    memory.putInt(out + 20, result == null ? 0 : result.uid());
    memory.putInt(out + 24, result == null ? 0 : result.status());
  }
}
