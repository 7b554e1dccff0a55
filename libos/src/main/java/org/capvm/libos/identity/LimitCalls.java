package org.capvm.libos.identity;

import java.lang.foreign.MemorySegment;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.CpuTimes;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.ResourceLimits;
import org.capvm.libos.process.ResourceUsage;
import org.capvm.libos.process.Task;
import org.capvm.libos.processor.HostProcessors;
import org.capvm.libos.processor.ProcessorSet;
import org.capvm.libos.time.GuestTime;
import org.capvm.monitor.memory.GuestMemory;

/** Limits, usage and scheduling. */
final class LimitCalls {
  private static final int RUSAGE_SELF = 0;
  private static final int RUSAGE_CHILDREN = -1;
  private static final int RUSAGE_THREAD = 1;
  private static final int SCHED_OTHER = 0;
  private static final int SCHED_FIFO = 1;
  private static final int SCHED_RR = 2;
  private static final int SCHED_BATCH = 3;
  private static final int SCHED_IDLE = 5;
  private static final int SCHED_DEADLINE = 6;
  private static final int REAL_TIME_MAX = 99;

  /** What Linux reports of its fair scheduler on small machines. */
  private static final long TIME_SLICE_NANOS = 4_000_000;

  private LimitCalls() {}

  static long getrlimit(Task task, long resource, long out, long a2, long a3, long a4, long a5) {
    if ((int) resource >= 0 && (int) resource < Resource.RLIMIT_COUNT && out == 0) {
      return -Errno.EFAULT;
    }
    return prlimit64(task, 0, resource, 0, out, 0, 0);
  }

  static long setrlimit(Task task, long resource, long in, long a2, long a3, long a4, long a5) {
    return prlimit64(task, 0, resource, in, 0, 0, 0);
  }

  static long prlimit64(
      Task task, long id, long resourceArgument, long in, long out, long a4, long a5) {
    int resource = (int) resourceArgument;
    if (resource < 0 || resource >= Resource.RLIMIT_COUNT) {
      return -Errno.EINVAL;
    }
    Process process = id == 0 ? task.process() : task.libraryOs().processes().process((int) id);
    if (process == null) {
      return -Errno.ESRCH;
    }
    GuestMemory memory = task.memory();
    ResourceLimits limits = process.limits();
    final long oldSoft = limits.soft(resource);
    final long oldHard = limits.hard(resource);
    if (in != 0) {
      long soft = memory.getLong(in);
      long hard = memory.getLong(in + 8);
      if (Long.compareUnsigned(soft, hard) > 0) {
        return -Errno.EINVAL;
      }
      boolean raises = Long.compareUnsigned(hard, oldHard) > 0;
      if (raises && !task.credentials().isPrivileged()) {
        return -Errno.EPERM;
      }
      limits.set(resource, soft, hard);
    }
    if (out != 0) {
      memory.putLong(out, oldSoft);
      memory.putLong(out + 8, oldHard);
    }
    return 0;
  }

  static long getrusage(Task task, long who, long out, long a2, long a3, long a4, long a5) {
    Process process = task.process();
    switch ((int) who) {
      case RUSAGE_SELF ->
          ResourceUsage.write(
              task.memory(), out, process.cpuTimes(), task.addressSpace().residentBytes());
      case RUSAGE_CHILDREN -> ResourceUsage.write(task.memory(), out, process.childrenTimes());
      case RUSAGE_THREAD -> {
        CpuTimes own = new CpuTimes();
        own.add(task.cpuNanos(), 0);
        ResourceUsage.write(task.memory(), out, own);
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    return 0;
  }

  static long schedYield(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Hostcalls.schedYield();
  }

  static long schedGetaffinity(
      Task task, long id, long bytes, long out, long a3, long a4, long a5) {
    // Linux takes the length as an unsigned int, and its bits must be enough for all processors.
    int length = (int) bytes;
    int processors = task.libraryOs().processorRoom().visible().count();
    if ((length & 7) != 0 || Integer.compareUnsigned(length * Byte.SIZE, processors) < 0) {
      return -Errno.EINVAL;
    }
    Task target = named(task, id);
    if (target == null) {
      return -Errno.ESRCH;
    }
    int copied = maskLength(bytes);
    task.memory().write(out, MemorySegment.ofArray(target.affinity().asked().toMask(copied)));
    return copied;
  }

  /** Asks for processors; what the task has is up to the division between cVMs besides. */
  static long schedSetaffinity(Task task, long id, long bytes, long in, long a3, long a4, long a5) {
    byte[] mask = new byte[maskLength(bytes)];
    task.memory().read(in, MemorySegment.ofArray(mask));
    Task target = named(task, id);
    if (target == null) {
      return -Errno.ESRCH;
    }
    ProcessorSet visible = task.libraryOs().processorRoom().visible();
    ProcessorSet usable = ProcessorSet.ofMask(mask).and(visible);
    return usable.isEmpty() ? -Errno.EINVAL : target.affinity().ask(usable);
  }

  /** How much of a mask counts: what is beyond the kernel's own masks is not looked at. */
  private static int maskLength(long bytes) {
    return (int) Math.min(Integer.toUnsignedLong((int) bytes), HostProcessors.maskBytes());
  }

  private static Task named(Task task, long id) {
    return id == 0 ? task : task.libraryOs().processes().task((int) id);
  }

  static long schedRrGetInterval(Task task, long id, long out, long a2, long a3, long a4, long a5) {
    if ((int) id < 0) {
      return -Errno.EINVAL;
    }
    if (!exists(task, id)) {
      return -Errno.ESRCH;
    }
    GuestTime.writeTimespec(task.memory(), out, TIME_SLICE_NANOS);
    return 0;
  }

  private static boolean exists(Task task, long id) {
    return id == 0 || task.libraryOs().processes().task((int) id) != null;
  }

  static long schedGetscheduler(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    if ((int) id < 0) {
      return -Errno.EINVAL;
    }
    return exists(task, id) ? SCHED_OTHER : -Errno.ESRCH;
  }

  static long schedSetscheduler(
      Task task, long id, long policy, long in, long a3, long a4, long a5) {
    if ((int) id < 0 || in == 0) {
      return -Errno.EINVAL;
    }
    int priority = task.memory().getInt(in);
    if (!exists(task, id)) {
      return -Errno.ESRCH;
    }
    return switch ((int) policy) {
      case SCHED_OTHER -> priority == 0 ? 0 : -Errno.EINVAL;
      case SCHED_FIFO, SCHED_RR ->
          priority < 1 || priority > REAL_TIME_MAX ? -Errno.EINVAL : -Errno.EPERM;
      case SCHED_BATCH, SCHED_IDLE -> -Errno.EPERM;
      default -> -Errno.EINVAL;
    };
  }

  static long schedGetparam(Task task, long id, long out, long a2, long a3, long a4, long a5) {
    if ((int) id < 0 || out == 0) {
      return -Errno.EINVAL;
    }
    if (!exists(task, id)) {
      return -Errno.ESRCH;
    }
    task.memory().putInt(out, 0);
    return 0;
  }

  static long schedSetparam(Task task, long id, long in, long a2, long a3, long a4, long a5) {
    if ((int) id < 0 || in == 0) {
      return -Errno.EINVAL;
    }
    if (!exists(task, id)) {
      return -Errno.ESRCH;
    }
    return task.memory().getInt(in) == 0 ? 0 : -Errno.EINVAL;
  }

  static long schedPriorityMax(
      Task task, long policy, long a1, long a2, long a3, long a4, long a5) {
    return switch ((int) policy) {
      case SCHED_FIFO, SCHED_RR -> REAL_TIME_MAX;
      case SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE -> 0;
      default -> -Errno.EINVAL;
    };
  }

  static long schedPriorityMin(
      Task task, long policy, long a1, long a2, long a3, long a4, long a5) {
    return switch ((int) policy) {
      case SCHED_FIFO, SCHED_RR -> 1;
      case SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE -> 0;
      default -> -Errno.EINVAL;
    };
  }

  static long getcpu(Task task, long cpu, long node, long a2, long a3, long a4, long a5) {
    if (cpu != 0) {
      task.memory()
          .putInt(
              cpu, task.libraryOs().processorRoom().numberOf((int) Hostcalls.currentProcessor()));
    }
    if (node != 0) {
      task.memory().putInt(node, 0);
    }
    return 0;
  }
}
