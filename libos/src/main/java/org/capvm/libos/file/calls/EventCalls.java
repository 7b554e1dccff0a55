package org.capvm.libos.file.calls;

import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.content.DescriptorBudget;
import org.capvm.libos.file.content.MemoryFile;
import org.capvm.libos.file.poll.Epoll;
import org.capvm.libos.file.poll.EventCounter;
import org.capvm.libos.file.poll.SignalDescriptor;
import org.capvm.libos.file.poll.TemporaryMask;
import org.capvm.libos.file.poll.TimerDescriptor;
import org.capvm.libos.host.HostEventcalls;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.process.Task;
import org.capvm.libos.time.GuestTime;
import org.capvm.libos.time.IntervalTimer;
import org.capvm.monitor.memory.GuestMemory;

/** {@code epoll}, {@code eventfd}, {@code timerfd}, {@code signalfd} and {@code memfd_create}. */
final class EventCalls {
  private static final int EPOLL_CTL_DEL = 2;
  private static final int MAX_EVENTS = Integer.MAX_VALUE / HostEventcalls.EVENT_BYTES;
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int EFD_SEMAPHORE = 1;
  private static final int COMMON_FLAGS = OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK;
  private static final int TFD_TIMER_ABSTIME = 1;
  private static final int TFD_TIMER_CANCEL_ON_SET = 2;
  private static final int SET_BYTES = 8;
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_KNOWN = 0x1f;
  private static final int MFD_HUGETLB = 4;
  private static final int NAME_BYTES = 249;

  private EventCalls() {}

  // ---- epoll

  static long epollCreate(Task task, int flags) {
    if ((flags & ~OpenFlags.O_CLOEXEC) != 0) {
      return -Errno.EINVAL;
    }
    return Arguments.install(task, new Epoll(task.libraryOs().memoryLimit()), flags);
  }

  static long epollControl(
      Task task, int descriptor, int operation, int watched, long eventAddress) {
    int events = 0;
    long data = 0;
    if (operation != EPOLL_CTL_DEL) {
      events = task.memory().getInt(eventAddress);
      data = task.memory().getLong(eventAddress + 4);
    }
    FileDescription file = task.files().get(descriptor);
    try {
      FileDescription target = task.files().get(watched);
      try {
        if (!Epoll.isWatchable(target)) {
          return -Errno.EPERM;
        }
        if (!(file instanceof Epoll epoll)) {
          return -Errno.EINVAL;
        }
        epoll.control(operation, watched, target, events, data);
        return 0;
      } finally {
        target.release();
      }
    } finally {
      file.release();
    }
  }

  static long epollWait(Task task, int descriptor, long events, int maxEvents, int timeoutMillis) {
    long deadline =
        timeoutMillis < 0 ? Task.NEVER : GuestTime.deadlineAfter(timeoutMillis * NANOS_PER_MILLI);
    return epollUntil(task, descriptor, events, maxEvents, deadline);
  }

  static long epollPwait2(
      Task task, int descriptor, long events, int maxEvents, long timeout, long mask, long size) {
    long deadline =
        timeout == 0
            ? Task.NEVER
            : GuestTime.deadlineAfter(GuestTime.readTimespec(task.memory(), timeout));
    return TemporaryMask.with(
        task, mask, size, () -> epollUntil(task, descriptor, events, maxEvents, deadline));
  }

  static long epollPwait(
      Task task,
      int descriptor,
      long events,
      int maxEvents,
      int timeoutMillis,
      long mask,
      long size) {
    return TemporaryMask.with(
        task, mask, size, () -> epollWait(task, descriptor, events, maxEvents, timeoutMillis));
  }

  private static long epollUntil(
      Task task, int descriptor, long events, int maxEvents, long deadline) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (maxEvents <= 0 || maxEvents > MAX_EVENTS) {
        return -Errno.EINVAL;
      }
      AddressLayout.requireUserRange(events, (long) maxEvents * HostEventcalls.EVENT_BYTES);
      if (!(file instanceof Epoll epoll)) {
        return -Errno.EINVAL;
      }
      GuestMemory memory = task.memory();
      long[] at = {events};
      return epoll.await(
          task,
          maxEvents,
          deadline,
          (found, data) -> {
            memory.putInt(at[0], found);
            memory.putLong(at[0] + 4, data);
            at[0] += HostEventcalls.EVENT_BYTES;
          });
    } catch (ErrnoException failed) {
      throw failed.errno() == Errno.ERESTARTSYS ? ErrnoException.of(Errno.ERESTARTNOHAND) : failed;
    } finally {
      file.release();
    }
  }

  // ---- eventfd

  static long eventfd(Task task, int initial, int flags) {
    if ((flags & ~(COMMON_FLAGS | EFD_SEMAPHORE)) != 0) {
      return -Errno.EINVAL;
    }
    boolean semaphore = (flags & EFD_SEMAPHORE) != 0;
    EventCounter made =
        new EventCounter(initial & 0xFFFFFFFFL, semaphore, flags & OpenFlags.O_NONBLOCK);
    return Arguments.install(task, made, flags);
  }

  // ---- timerfd

  static long timerCreate(Task task, int clock, int flags) {
    boolean known =
        clock == GuestTime.CLOCK_REALTIME
            || clock == GuestTime.CLOCK_MONOTONIC
            || clock == GuestTime.CLOCK_BOOTTIME
            || clock == GuestTime.CLOCK_REALTIME_ALARM
            || clock == GuestTime.CLOCK_BOOTTIME_ALARM;
    if (!known || (flags & ~COMMON_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    return Arguments.install(task, new TimerDescriptor(clock, flags & OpenFlags.O_NONBLOCK), flags);
  }

  static long timerSet(Task task, int descriptor, int flags, long wanted, long old) {
    // The times are there to be read, whatever else is wrong.
    task.memory().getLong(wanted);
    task.memory().getLong(wanted + 24);
    if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0) {
      return -Errno.EINVAL;
    }
    long interval = GuestTime.readTimespec(task.memory(), wanted);
    long first = GuestTime.readTimespec(task.memory(), wanted + 16);
    FileDescription file = task.files().get(descriptor);
    try {
      if (!(file instanceof TimerDescriptor timer)) {
        return -Errno.EINVAL;
      }
      long deadline =
          (flags & TFD_TIMER_ABSTIME) != 0
              ? GuestTime.deadlineAt(timer.clock(), first)
              : GuestTime.deadlineAfter(first);
      IntervalTimer.Setting before = timer.set(deadline, first != 0, interval);
      if (old != 0) {
        write(task, old, before);
      }
      return 0;
    } finally {
      file.release();
    }
  }

  static long timerGet(Task task, int descriptor, long result) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!(file instanceof TimerDescriptor timer)) {
        return -Errno.EINVAL;
      }
      write(task, result, timer.setting());
      return 0;
    } finally {
      file.release();
    }
  }

  private static void write(Task task, long address, IntervalTimer.Setting setting) {
    GuestTime.writeTimespec(task.memory(), address, setting.intervalNanos());
    GuestTime.writeTimespec(task.memory(), address + 16, setting.leftNanos());
  }

  // ---- signalfd

  static long signalfd(Task task, int descriptor, long mask, long setBytes, int flags) {
    if (setBytes != SET_BYTES) {
      return -Errno.EINVAL;
    }
    long set = task.memory().getLong(mask);
    if ((flags & ~COMMON_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    if (descriptor == -1) {
      SignalDescriptor made =
          new SignalDescriptor(task.process(), set, flags & OpenFlags.O_NONBLOCK);
      return Arguments.install(task, made, flags);
    }
    FileDescription file = task.files().get(descriptor);
    try {
      if (!(file instanceof SignalDescriptor signals)) {
        return -Errno.EINVAL;
      }
      signals.changeMask(set);
      return descriptor;
    } finally {
      file.release();
    }
  }

  // ---- memfd

  static long memfdCreate(Task task, long nameAddress, int flags) {
    if ((flags & ~MFD_KNOWN) != 0) {
      return -Errno.EINVAL;
    }
    if ((flags & MFD_HUGETLB) != 0) {
      return -Errno.ENOSYS;
    }
    String name = Arguments.name(task, nameAddress, NAME_BYTES, Errno.EINVAL);
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    DescriptorBudget budget = task.fileSystem().mounts().descriptors();
    budget.take();
    long host = HostEventcalls.memfdCreate(bytes, flags);
    if (host < 0) {
      budget.give();
      return host;
    }
    int onExec = (flags & MFD_CLOEXEC) != 0 ? OpenFlags.O_CLOEXEC : 0;
    MemoryFile file = MemoryFile.of(name, (int) host, budget, task.libraryOs().memoryLimit());
    return Arguments.install(task, file, onExec);
  }
}
