package org.capvm.libos.file.poll;

import java.util.concurrent.atomic.AtomicBoolean;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;

/**
 * One open file an epoll instance watches. The fields a guest can change are guarded by the
 * instance's monitor; the rest is for any thread.
 */
final class EpollItem implements WaitQueue.Listener {
  static final int EPOLLET = 1 << 31;
  static final int EPOLLONESHOT = 1 << 30;
  private static final int ALWAYS = PollEvents.POLLERR | PollEvents.POLLHUP;

  private final Epoll epoll;
  private final FileDescription file;
  private final long id;
  private final AtomicBoolean queued = new AtomicBoolean();
  private volatile int events;
  private volatile long data;
  private volatile boolean enabled = true;
  private Runnable closeAction;

  EpollItem(Epoll epoll, FileDescription file, long id, int events, long data) {
    this.epoll = epoll;
    this.file = file;
    this.id = id;
    this.events = events;
    this.data = data;
  }

  FileDescription file() {
    return file;
  }

  /** What the host's epoll calls this. */
  long id() {
    return id;
  }

  int events() {
    return events;
  }

  long data() {
    return data;
  }

  void change(int newEvents, long newData) {
    events = newEvents;
    data = newData;
    enabled = true;
  }

  /** Has something done when the file is closed first; called once, before the item is used. */
  void onFileClose(Runnable action) {
    closeAction = action;
    file.onClose(action);
  }

  /** Takes back {@link #onFileClose}. */
  void detach() {
    file.cancelOnClose(closeAction);
  }

  void disable() {
    enabled = false;
  }

  boolean isEdgeTriggered() {
    return (events & EPOLLET) != 0;
  }

  boolean isOneShot() {
    return (events & EPOLLONESHOT) != 0;
  }

  /** The wanted events that are there now. */
  int look() {
    if (!enabled || !file.stillOpen()) {
      return 0;
    }
    return file.readiness() & (events | ALWAYS);
  }

  /** Marks this as waiting to be looked at; false if it is already. */
  boolean enqueue() {
    return queued.compareAndSet(false, true);
  }

  void dequeued() {
    queued.set(false);
  }

  @Override
  public void changed(int changedEvents) {
    if (enabled) {
      epoll.mayBeReady(this);
    }
  }
}
