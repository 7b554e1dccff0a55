package org.capvm.libos.file.poll;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/**
 * The open files one {@code poll} or {@code select} waits for. Holds a reference to each. Used by
 * one task, once.
 */
public final class PollSet implements AutoCloseable {
  private static final int POLLFD_BYTES = 8;
  private static final int ROOM_BEHIND = 64;
  private static final int ALWAYS = PollEvents.POLLERR | PollEvents.POLLHUP;

  private static final class Entry {
    private final FileDescription file;
    private final int wanted;
    private int found;

    private Entry(FileDescription file, int wanted) {
      this.file = file;
      this.wanted = wanted | ALWAYS;
    }
  }

  private final List<Entry> entries = new ArrayList<>();
  private final List<Entry> hostEntries = new ArrayList<>();

  /**
   * Adds an open file.
   *
   * @param file with a reference that passes to this set; null for a descriptor that is not open
   * @param events poll events
   */
  public void add(FileDescription file, int events) {
    Entry entry = new Entry(file, events);
    entries.add(entry);
    if (file != null && file.isHostPolled()) {
      hostEntries.add(entry);
    }
  }

  /** The events found for the file that was added at an index. */
  public int found(int index) {
    return entries.get(index).found;
  }

  /**
   * Waits until a file is ready.
   *
   * @param deadlineNanos in terms of {@link System#nanoTime}, or {@link Task#NEVER}; one that has
   *     passed only looks
   * @return how many files are ready; 0 after the deadline
   * @throws org.capvm.libos.ErrnoException ERESTARTSYS if the task is interrupted
   */
  public int await(Task task, long deadlineNanos) {
    int ready = look(task, 0, true);
    if (ready > 0 || hasPassed(deadlineNanos)) {
      return ready;
    }
    WaitQueue.Listener listener = events -> task.wake();
    listen(listener);
    try {
      while (true) {
        ready = look(task, deadlineNanos, false);
        if (ready > 0 || hasPassed(deadlineNanos)) {
          return ready;
        }
      }
    } finally {
      for (Entry entry : entries) {
        if (entry.file != null && entry.file.waitQueue() != null) {
          entry.file.waitQueue().remove(listener);
        }
      }
    }
  }

  private static boolean hasPassed(long deadlineNanos) {
    return deadlineNanos != Task.NEVER && deadlineNanos - System.nanoTime() <= 0;
  }

  private void listen(WaitQueue.Listener listener) {
    for (Entry entry : entries) {
      if (entry.file != null && entry.file.waitQueue() != null) {
        entry.file.waitQueue().add(listener);
      }
    }
  }

  /** Looks at every file, and waits, at most to the deadline, if none is ready. */
  private int look(Task task, long deadlineNanos, boolean onlyLook) {
    int ready = 0;
    for (Entry entry : entries) {
      if (entry.file == null) {
        entry.found = PollEvents.POLLNVAL;
      } else {
        boolean atHost = entry.file.isHostPolled() && entry.file.waitQueue() == null;
        entry.found = atHost ? 0 : entry.file.readiness() & entry.wanted;
      }
      ready += entry.found != 0 ? 1 : 0;
    }
    boolean wait = !onlyLook && ready == 0;
    if (!hostEntries.isEmpty()) {
      return askHost(task, wait ? deadlineNanos : System.nanoTime());
    }
    if (wait) {
      task.park(deadlineNanos);
    }
    return ready;
  }

  private int askHost(Task task, long deadlineNanos) {
    try (Arena arena = Arena.ofConfined()) {
      long bytes = (long) hostEntries.size() * POLLFD_BYTES + ROOM_BEHIND;
      MemorySegment pollFds = arena.allocate(bytes, Long.BYTES);
      for (int i = 0; i < hostEntries.size(); i++) {
        Entry entry = hostEntries.get(i);
        pollFds.set(JAVA_INT, (long) i * POLLFD_BYTES, entry.file.hostDescriptor());
        pollFds.set(JAVA_SHORT, (long) i * POLLFD_BYTES + 4, (short) entry.wanted);
      }
      task.awaitHost(pollFds, hostEntries.size(), deadlineNanos);
      for (int i = 0; i < hostEntries.size(); i++) {
        int events = pollFds.get(JAVA_SHORT, (long) i * POLLFD_BYTES + 6);
        hostEntries.get(i).found |= events & hostEntries.get(i).wanted;
      }
    }
    int ready = 0;
    for (Entry entry : entries) {
      ready += entry.found != 0 ? 1 : 0;
    }
    return ready;
  }

  @Override
  public void close() {
    for (Entry entry : entries) {
      if (entry.file != null) {
        entry.file.release();
      }
    }
  }
}
