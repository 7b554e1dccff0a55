package org.capvm.libos.file.watch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/** What {@code inotify_init} makes: watches, and a queue of what happened. Threads: any. */
public final class Inotify extends AnonymousDescription {
  /** {@code fs.inotify.max_queued_events}. */
  public static final int MAX_QUEUED = 4096;

  private final Watches watches;
  private final Map<Integer, InotifyWatch> byDescriptor = new HashMap<>();
  private final Deque<WatchEvent> queue = new ArrayDeque<>();
  private final WaitQueue waiters = new WaitQueue();
  private int queuedBytes;
  private int lastDescriptor;

  /**
   * An instance without watches.
   *
   * @param watches those of the cVM
   * @throws ErrnoException EMFILE
   */
  public Inotify(Watches watches, int flags) {
    super("inotify", flags | OpenFlags.O_RDONLY);
    this.watches = watches;
    watches.open();
  }

  /**
   * Watches a file, or changes what is wanted to be known of it.
   *
   * @param mask as {@code inotify_add_watch} takes it
   * @return the watch's number
   * @throws ErrnoException EEXIST, ENOSPC
   */
  public int watch(Inode file, int mask) {
    int kept = mask & (WatchEvents.IN_ALL_EVENTS | WatchEvents.IN_ONESHOT);
    Watches.Key key = Watches.Key.of(file);
    synchronized (this) {
      for (InotifyWatch known : byDescriptor.values()) {
        if (known.file().equals(key)) {
          if ((mask & WatchEvents.IN_MASK_CREATE) != 0) {
            throw ErrnoException.of(Errno.EEXIST);
          }
          known.changeMask((mask & WatchEvents.IN_MASK_ADD) != 0 ? known.mask() | kept : kept);
          return known.descriptor();
        }
      }
      InotifyWatch made = new InotifyWatch(this, key, lastDescriptor + 1, kept);
      watches.add(made);
      lastDescriptor++;
      byDescriptor.put(made.descriptor(), made);
      return made.descriptor();
    }
  }

  /**
   * Ends a watch.
   *
   * @throws ErrnoException EINVAL
   */
  public void unwatch(int descriptor) {
    InotifyWatch watch;
    synchronized (this) {
      watch = byDescriptor.get(descriptor);
    }
    if (watch == null) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    end(watch);
  }

  /** A watch is over: the last thing heard of it. */
  void end(InotifyWatch watch) {
    synchronized (this) {
      if (!byDescriptor.remove(watch.descriptor(), watch)) {
        return;
      }
    }
    watches.remove(watch);
    add(new WatchEvent(watch.descriptor(), WatchEvents.IN_IGNORED, 0, null));
  }

  /** Queues an event, unless it repeats the last one; too many leave a note that some are lost. */
  void add(WatchEvent event) {
    synchronized (this) {
      WatchEvent added = event;
      if (queue.size() >= MAX_QUEUED) {
        added = new WatchEvent(-1, WatchEvents.IN_Q_OVERFLOW, 0, null);
      }
      if (added.equals(queue.peekLast())) {
        return;
      }
      queue.add(added);
      queuedBytes += added.sizeBytes();
    }
    waiters.announce(PollEvents.READABLE);
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    while (true) {
      long done = take(buffer);
      if (done > 0) {
        return done;
      }
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      waiters.await(task, () -> readiness() != 0, Task.NEVER);
    }
  }

  /** Moves as many events as fit; EINVAL if not even one does. */
  private synchronized long take(IoBuffer buffer) {
    int done = 0;
    while (!queue.isEmpty()) {
      byte[] next = queue.peek().bytes();
      if (next.length > buffer.length() - done) {
        if (done == 0) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        break;
      }
      buffer.put(done, next, 0, next.length);
      queue.remove();
      queuedBytes -= next.length;
      done += next.length;
    }
    return done;
  }

  @Override
  public long control(Task task, int request, long argument) {
    if (request != IoctlCodes.FIONREAD) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
    int bytes;
    synchronized (this) {
      bytes = queuedBytes;
    }
    task.memory().putInt(argument, bytes);
    return 0;
  }

  @Override
  public synchronized int readiness() {
    return queue.isEmpty() ? 0 : PollEvents.READABLE;
  }

  @Override
  public WaitQueue waitQueue() {
    return waiters;
  }

  @Override
  protected void close() {
    List<InotifyWatch> left;
    synchronized (this) {
      left = List.copyOf(byDescriptor.values());
      byDescriptor.clear();
    }
    left.forEach(watches::remove);
    watches.close();
  }
}
