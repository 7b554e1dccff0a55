package org.capvm.libos.file.calls;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.poll.PollSet;
import org.capvm.libos.file.poll.TemporaryMask;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.process.Task;
import org.capvm.libos.time.GuestTime;
import org.capvm.monitor.memory.GuestMemory;

/** {@code poll}, {@code ppoll}, {@code select} and {@code pselect6}. */
final class PollCalls {
  private static final int POLLFD_BYTES = 8;
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int BITS = Long.SIZE;

  /** What each of select's three sets asks for, and what counts as an answer. */
  private static final int[] SELECT_WANTED = {
    PollEvents.READABLE | PollEvents.POLLRDBAND,
    PollEvents.WRITABLE | PollEvents.POLLWRBAND,
    PollEvents.POLLPRI
  };

  private static final int[] SELECT_FOUND = {
    SELECT_WANTED[0] | PollEvents.POLLHUP | PollEvents.POLLERR,
    SELECT_WANTED[1] | PollEvents.POLLERR,
    SELECT_WANTED[2]
  };

  private PollCalls() {}

  /** An interrupted wait is not made again once a handler has run. */
  private static ErrnoException interrupted(ErrnoException failed) {
    return failed.errno() == Errno.ERESTARTSYS ? ErrnoException.of(Errno.ERESTARTNOHAND) : failed;
  }

  static int await(Task task, PollSet set, long deadline) {
    try {
      return set.await(task, deadline);
    } catch (ErrnoException failed) {
      throw interrupted(failed);
    }
  }

  /** The open file of a descriptor with a reference, or null. */
  private static FileDescription openOrNull(Task task, int descriptor) {
    try {
      return task.files().get(descriptor);
    } catch (ErrnoException closed) {
      return null;
    }
  }

  // ---- poll

  static long poll(Task task, long fds, int count, int timeoutMillis) {
    long deadline =
        timeoutMillis < 0 ? Task.NEVER : GuestTime.deadlineAfter(timeoutMillis * NANOS_PER_MILLI);
    return pollUntil(task, fds, count, deadline);
  }

  static long ppoll(Task task, long fds, int count, long timeout, long mask, long maskBytes) {
    long deadline = deadline(task, timeout, false);
    return TemporaryMask.with(
        task,
        mask,
        maskBytes,
        () -> {
          long ready = pollUntil(task, fds, count, deadline);
          writeLeft(task, timeout, deadline, false);
          return ready;
        });
  }

  private static long deadline(Task task, long timeout, boolean microseconds) {
    if (timeout == 0) {
      return Task.NEVER;
    }
    long nanos =
        microseconds
            ? GuestTime.readTimeval(task.memory(), timeout)
            : GuestTime.readTimespec(task.memory(), timeout);
    return GuestTime.deadlineAfter(nanos);
  }

  /** Linux, unlike POSIX, tells how much of the time was left. */
  private static void writeLeft(Task task, long timeout, long deadline, boolean microseconds) {
    if (timeout == 0) {
      return;
    }
    long left = deadline == Task.NEVER ? 0 : GuestTime.left(deadline);
    if (microseconds) {
      GuestTime.writeTimeval(task.memory(), timeout, left);
    } else {
      GuestTime.writeTimespec(task.memory(), timeout, left);
    }
  }

  private static long pollUntil(Task task, long fds, int count, long deadline) {
    if (count < 0 || count > Arguments.descriptorLimit(task)) {
      return -Errno.EINVAL;
    }
    AddressLayout.requireUserRange(fds, (long) count * POLLFD_BYTES);
    GuestMemory memory = task.memory();
    int[] index = new int[count];
    try (PollSet set = new PollSet()) {
      int added = 0;
      for (int i = 0; i < count; i++) {
        long entry = fds + (long) i * POLLFD_BYTES;
        int descriptor = memory.getInt(entry);
        index[i] = -1;
        if (descriptor >= 0) {
          set.add(openOrNull(task, descriptor), memory.getShort(entry + 4) & 0xFFFF);
          index[i] = added++;
        }
      }
      int ready = await(task, set, deadline);
      for (int i = 0; i < count; i++) {
        int found = index[i] < 0 ? 0 : set.found(index[i]);
        memory.putShort(fds + (long) i * POLLFD_BYTES + 6, (short) found);
      }
      return ready;
    }
  }

  // ---- select

  static long select(Task task, int count, long[] sets, long timeout) {
    long deadline = deadline(task, timeout, true);
    long ready = selectUntil(task, count, sets, deadline);
    writeLeft(task, timeout, deadline, true);
    return ready;
  }

  /** {@code pselect6}, whose last argument is the address of a mask's address and size. */
  static long pselect(Task task, int count, long[] sets, long timeout, long maskArgument) {
    long deadline = deadline(task, timeout, false);
    long mask = maskArgument == 0 ? 0 : task.memory().getLong(maskArgument);
    long maskBytes = maskArgument == 0 ? 0 : task.memory().getLong(maskArgument + 8);
    return TemporaryMask.with(
        task,
        mask,
        maskBytes,
        () -> {
          long ready = selectUntil(task, count, sets, deadline);
          writeLeft(task, timeout, deadline, false);
          return ready;
        });
  }

  private static long selectUntil(Task task, int count, long[] sets, long deadline) {
    if (count < 0) {
      return -Errno.EINVAL;
    }
    int limited = (int) Math.min(count, Arguments.descriptorLimit(task));
    int words = (limited + BITS - 1) / BITS;
    long[][] wanted = new long[sets.length][words];
    for (int s = 0; s < sets.length; s++) {
      for (int w = 0; w < words && sets[s] != 0; w++) {
        wanted[s][w] = task.memory().getLong(sets[s] + (long) w * Long.BYTES);
      }
    }
    try (PollSet set = new PollSet()) {
      int[] descriptors = addAll(task, set, wanted, limited);
      await(task, set, deadline);
      long[][] found = new long[sets.length][words];
      long total = 0;
      for (int i = 0; i < descriptors.length; i++) {
        total += answer(set.found(i), descriptors[i], wanted, found);
      }
      for (int s = 0; s < sets.length; s++) {
        for (int w = 0; w < words && sets[s] != 0; w++) {
          task.memory().putLong(sets[s] + (long) w * Long.BYTES, found[s][w]);
        }
      }
      return total;
    }
  }

  private static boolean isSet(long[] set, int descriptor) {
    return (set[descriptor / BITS] & (1L << descriptor)) != 0;
  }

  /** Adds the files of all sets; returns their descriptors, in the order added. */
  private static int[] addAll(Task task, PollSet set, long[][] wanted, int limited) {
    int[] descriptors = new int[limited];
    int added = 0;
    for (int descriptor = 0; descriptor < limited; descriptor++) {
      int events = 0;
      for (int s = 0; s < wanted.length; s++) {
        events |= isSet(wanted[s], descriptor) ? SELECT_WANTED[s] : 0;
      }
      if (events != 0) {
        set.add(task.files().get(descriptor), events);
        descriptors[added++] = descriptor;
      }
    }
    return java.util.Arrays.copyOf(descriptors, added);
  }

  private static int answer(int events, int descriptor, long[][] wanted, long[][] found) {
    int count = 0;
    for (int s = 0; s < wanted.length; s++) {
      if (isSet(wanted[s], descriptor) && (events & SELECT_FOUND[s]) != 0) {
        found[s][descriptor / BITS] |= 1L << descriptor;
        count++;
      }
    }
    return count;
  }
}
