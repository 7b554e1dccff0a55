package org.capvm.libos.file.watch;

/** Somebody's interest in one file. Threads: any. */
abstract class Watch {
  private final Watches.Key file;

  Watch(Watches.Key file) {
    this.file = file;
  }

  final Watches.Key file() {
    return file;
  }

  /**
   * Something happened; the watch looks whether it wants to hear of it.
   *
   * @param name in the watched directory, or null if it is the watched file
   */
  abstract void tell(int event, int cookie, String name);

  /** The file is gone. */
  abstract void end();
}
