package org.capvm.libos.file.poll;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.host.HostEventcalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;

/**
 * An epoll instance. Files that announce their readiness are noted on a queue of items to look at;
 * files polled on the host are handed to a host epoll instance, which keeps level, edge and
 * one-shot for them.
 *
 * <p>Threads: any. Lock order: this object's monitor (which files are watched), then {@link
 * #collecting}, then the watched files' own. Announcements come with a file's lock held and take
 * none of these.
 */
public final class Epoll extends AnonymousDescription {
  private static final int CTL_ADD = 1;
  private static final int CTL_DEL = 2;
  private static final int CTL_MOD = 3;
  private static final int MAX_NESTING = 5;
  private static final int NO_HOST = -1;

  private record Key(int descriptor, FileDescription file) {}

  /** Receives the events a wait found. */
  @FunctionalInterface
  public interface Sink {
    /** One file's events and the guest's own data. */
    void accept(int events, long data);
  }

  /** What a watched file is charged with. */
  private static final int ITEM_BYTES = 256;

  private final MemoryLimit payer;
  private final Object collecting = new Object();
  private final Map<Key, EpollItem> items = new HashMap<>();
  private final Map<Long, EpollItem> hostItems = new ConcurrentHashMap<>();

  /** Whose wake descriptors the host's instance watches; a task that ends closes its own. */
  private final Set<Task> tasksWatched = Collections.newSetFromMap(new WeakHashMap<>());

  private final ConcurrentLinkedQueue<EpollItem> toLook = new ConcurrentLinkedQueue<>();
  private final WaitQueue waiters = new WaitQueue();
  private long nextId = 1;
  private volatile int hostEpoll = NO_HOST;
  private volatile Task lastWaiter;

  /**
   * An instance that watches nothing.
   *
   * @param payer the memory of its cVM
   */
  public Epoll(MemoryLimit payer) {
    super("[eventpoll]", OpenFlags.O_RDWR);
    this.payer = payer;
  }

  // ---- what is watched

  /**
   * {@code epoll_ctl}.
   *
   * @param descriptor the number the guest used, part of what identifies a watched file
   */
  public synchronized void control(
      int operation, int descriptor, FileDescription file, int events, long data) {
    requireWatchable(file);
    Key key = new Key(descriptor, file);
    EpollItem item = items.get(key);
    switch (operation) {
      case CTL_ADD -> {
        if (item != null) {
          throw ErrnoException.of(Errno.EEXIST);
        }
        add(key, events, data);
      }
      case CTL_DEL, CTL_MOD -> {
        if (item == null) {
          throw ErrnoException.of(Errno.ENOENT);
        }
        if (operation == CTL_DEL) {
          remove(key, item);
        } else {
          modify(item, events, data);
        }
      }
      default -> throw ErrnoException.of(Errno.EINVAL);
    }
  }

  /** Whether there is anything to wait for: not for regular files and directories. */
  public static boolean isWatchable(FileDescription file) {
    return file.waitQueue() != null || file.isHostPolled();
  }

  @SuppressWarnings("ReferenceEquality") // the same instance, not an equal one
  private void requireWatchable(FileDescription file) {
    if (file == this) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (!isWatchable(file)) {
      throw ErrnoException.of(Errno.EPERM);
    }
    if (file instanceof Epoll other && other.reaches(this, MAX_NESTING)) {
      throw ErrnoException.of(Errno.ELOOP);
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same instance, not an equal one
  private synchronized boolean reaches(Epoll target, int depth) {
    if (depth == 0) {
      return true;
    }
    for (Key key : items.keySet()) {
      if (key.file == target
          || (key.file instanceof Epoll nested && nested.reaches(target, depth - 1))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isAtHost(FileDescription file) {
    return file.waitQueue() == null;
  }

  private void add(Key key, int events, long data) {
    if (!payer.tryTake(ITEM_BYTES, 0)) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    try {
      watch(key, events, data);
    } catch (RuntimeException refused) {
      payer.give(ITEM_BYTES, 0);
      throw refused;
    }
  }

  private void watch(Key key, int events, long data) {
    EpollItem item = new EpollItem(this, key.file, nextId++, events, data);
    if (isAtHost(key.file)) {
      if (hostEpoll == NO_HOST) {
        hostEpoll = (int) ErrnoException.check(HostEventcalls.epollCreate());
      }
      controlHost(CTL_ADD, item);
      hostItems.put(item.id(), item);
      waiters.announce(PollEvents.READABLE);
    } else {
      key.file.waitQueue().add(item);
      mayBeReady(item);
    }
    items.put(key, item);
    item.onFileClose(() -> forget(key, item));
  }

  private void controlHost(int operation, EpollItem item) {
    ErrnoException.check(
        HostEventcalls.epollControl(
            hostEpoll, operation, item.file().hostDescriptor(), item.events(), item.id()));
  }

  private void modify(EpollItem item, int events, long data) {
    item.change(events, data);
    if (isAtHost(item.file())) {
      controlHost(CTL_MOD, item);
    } else {
      mayBeReady(item);
    }
  }

  private void remove(Key key, EpollItem item) {
    payer.give(ITEM_BYTES, 0);
    items.remove(key);
    item.detach();
    item.disable();
    toLook.remove(item);
    if (isAtHost(item.file())) {
      hostItems.remove(item.id());
      HostEventcalls.epollControl(hostEpoll, CTL_DEL, item.file().hostDescriptor(), 0, 0);
    } else {
      item.file().waitQueue().remove(item);
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same item, not an equal one
  private synchronized void forget(Key key, EpollItem item) {
    if (items.get(key) == item) {
      remove(key, item);
    }
  }

  // ---- readiness

  /** Notes that an item must be looked at. Called with the watched file's locks held. */
  void mayBeReady(EpollItem item) {
    if (item.enqueue()) {
      toLook.add(item);
    }
    waiters.announce(PollEvents.READABLE);
  }

  /**
   * Waits until a watched file is ready.
   *
   * @param deadlineNanos in terms of {@link System#nanoTime}, or {@link Task#NEVER}
   * @return how many events went to the sink; 0 after the deadline
   */
  public int await(Task task, int maxEvents, long deadlineNanos, Sink sink) {
    boolean onlyLook = hasPassed(deadlineNanos);
    if (onlyLook || hostEpoll == NO_HOST || !toLook.isEmpty()) {
      int found = collect(maxEvents, sink);
      if (found > 0 || onlyLook) {
        return found;
      }
    }
    WaitQueue.Listener listener = events -> task.wake();
    waiters.add(listener);
    try {
      while (true) {
        int found = toLook.isEmpty() ? 0 : collect(maxEvents, sink);
        if (found == 0 && !hasPassed(deadlineNanos)) {
          if (hostEpoll == NO_HOST) {
            task.park(deadlineNanos);
            continue;
          }
          found = awaitHost(task, maxEvents, deadlineNanos, sink);
          if (found == 0) {
            continue;
          }
        }
        return found;
      }
    } finally {
      waiters.remove(listener);
    }
  }

  /** One wait of the host's, which {@link Task#wake} ends too. */
  private int awaitHost(Task task, int maxEvents, long deadlineNanos, Sink sink) {
    watchWakes(task);
    int count = task.awaitHostEvents(hostEpoll, room(maxEvents), deadlineNanos);
    return takeHostEvents(count, task, sink);
  }

  @SuppressWarnings("ReferenceEquality") // the same task, not an equal one
  private void watchWakes(Task task) {
    if (lastWaiter == task) {
      return;
    }
    synchronized (this) {
      if (tasksWatched.add(task)) {
        ErrnoException.check(
            HostEventcalls.epollControl(
                hostEpoll, CTL_ADD, task.wakeDescriptor(), PollEvents.POLLIN, -task.id()));
      }
    }
    lastWaiter = task;
  }

  private static boolean hasPassed(long deadlineNanos) {
    return deadlineNanos != Task.NEVER && deadlineNanos - System.nanoTime() <= 0;
  }

  private int collect(int maxEvents, Sink sink) {
    synchronized (collecting) {
      int found = 0;
      int candidates = toLook.size();
      while (candidates-- > 0 && found < maxEvents) {
        EpollItem item = toLook.poll();
        if (item == null) {
          break;
        }
        item.dequeued();
        int events = item.look();
        if (events != 0) {
          sink.accept(events, item.data());
          found++;
          if (item.isOneShot()) {
            item.disable();
          } else if (!item.isEdgeTriggered() && item.enqueue()) {
            toLook.add(item);
          }
        }
      }
      if (hostEpoll != NO_HOST && found < maxEvents) {
        found += collectHost(maxEvents - found, sink);
      }
      return found;
    }
  }

  private int collectHost(int maxEvents, Sink sink) {
    long count = ErrnoException.check(HostEventcalls.epollLook(hostEpoll, room(maxEvents)));
    return takeHostEvents((int) count, null, sink);
  }

  /** How many events a host call may give: what fits before the end of the scratch memory. */
  private static int room(int maxEvents) {
    return Math.min(maxEvents, (HostScratch.SIZE_BYTES - 64) / HostEventcalls.EVENT_BYTES);
  }

  /**
   * Hands on the events in the scratch memory. Those of tasks' wake descriptors stay here; the
   * waiting task's own is made unreadable.
   */
  private int takeHostEvents(int count, Task waiting, Sink sink) {
    MemorySegment scratch = HostScratch.get();
    int found = 0;
    for (int i = 0; i < count; i++) {
      long offset = (long) i * HostEventcalls.EVENT_BYTES;
      int events = scratch.get(JAVA_INT_UNALIGNED, offset);
      long id = scratch.get(JAVA_LONG_UNALIGNED, offset + Integer.BYTES);
      if (id > 0) {
        EpollItem item = hostItems.get(id);
        if (item != null) {
          sink.accept(events, item.data());
          found++;
        }
      } else if (waiting != null && id == -waiting.id()) {
        waiting.drainWakes();
      }
    }
    return found;
  }

  @Override
  public boolean canRead() {
    return false;
  }

  @Override
  public boolean canWrite() {
    return false;
  }

  @Override
  public int readiness() {
    for (EpollItem item : toLook) {
      if (item.look() != 0) {
        return PollEvents.READABLE;
      }
    }
    return 0;
  }

  @Override
  public WaitQueue waitQueue() {
    return waiters;
  }

  @Override
  public boolean isHostPolled() {
    return hostEpoll != NO_HOST;
  }

  @Override
  public int hostDescriptor() {
    return hostEpoll;
  }

  @Override
  protected void close() {
    synchronized (this) {
      for (Map.Entry<Key, EpollItem> entry : Map.copyOf(items).entrySet()) {
        remove(entry.getKey(), entry.getValue());
      }
    }
    if (hostEpoll != NO_HOST) {
      Hostcalls.close(hostEpoll);
    }
  }
}
