package org.capvm.libos.file.watch;

/** The interest of one inotify instance in one file. */
final class Watch {
  private final Inotify inotify;
  private final Watches.Key file;
  private final int descriptor;
  private volatile int mask;

  /**
   * @param descriptor its number in its instance
   * @param mask events and {@code IN_ONESHOT}
   */
  Watch(Inotify inotify, Watches.Key file, int descriptor, int mask) {
    this.inotify = inotify;
    this.file = file;
    this.descriptor = descriptor;
    this.mask = mask;
  }

  Inotify inotify() {
    return inotify;
  }

  Watches.Key file() {
    return file;
  }

  int descriptor() {
    return descriptor;
  }

  int mask() {
    return mask;
  }

  void changeMask(int changed) {
    mask = changed;
  }

  /** Tells the instance of an event, if it wants to hear of it. */
  void tell(int event, int cookie, String name) {
    int wanted = mask;
    if ((event & wanted & WatchEvents.IN_ALL_EVENTS) == 0) {
      return;
    }
    inotify.add(new WatchEvent(descriptor, event, cookie, name));
    if ((wanted & WatchEvents.IN_ONESHOT) != 0) {
      inotify.end(this);
    }
  }
}
