package org.capvm.libos.file.watch;

/** The interest of one inotify instance in one file. */
final class InotifyWatch extends Watch {
  private final Inotify inotify;
  private final int descriptor;
  private volatile int mask;

  /**
   * @param descriptor its number in its instance
   * @param mask events and {@code IN_ONESHOT}
   */
  InotifyWatch(Inotify inotify, Watches.Key file, int descriptor, int mask) {
    super(file);
    this.inotify = inotify;
    this.descriptor = descriptor;
    this.mask = mask;
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

  @Override
  void tell(int event, int cookie, String name) {
    int wanted = mask;
    if ((event & wanted & WatchEvents.IN_ALL_EVENTS) == 0) {
      return;
    }
    inotify.add(new WatchEvent(descriptor, event, cookie, name));
    if ((wanted & WatchEvents.IN_ONESHOT) != 0) {
      end();
    }
  }

  @Override
  void end() {
    inotify.end(this);
  }
}
