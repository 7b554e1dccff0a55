package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.AT_FDCWD;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.watch.Inotify;
import org.capvm.libos.file.watch.WatchEvents;
import org.capvm.libos.process.Task;

/** {@code inotify_init1}, {@code inotify_add_watch} and {@code inotify_rm_watch}. */
final class WatchCalls {
  private static final int BOTH = WatchEvents.IN_MASK_ADD | WatchEvents.IN_MASK_CREATE;
  private static final int KNOWN =
      WatchEvents.IN_ALL_EVENTS
          | WatchEvents.IN_UNMOUNT
          | WatchEvents.IN_Q_OVERFLOW
          | WatchEvents.IN_IGNORED
          | WatchEvents.IN_ONLYDIR
          | WatchEvents.IN_DONT_FOLLOW
          | WatchEvents.IN_EXCL_UNLINK
          | BOTH
          | WatchEvents.IN_ISDIR
          | WatchEvents.IN_ONESHOT;

  private WatchCalls() {}

  static long init(Task task, int flags) {
    if ((flags & ~(OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    Inotify made = new Inotify(task.fileSystem().mounts().watches(), flags & OpenFlags.O_NONBLOCK);
    return Arguments.install(task, made, flags);
  }

  static long add(Task task, int descriptor, long path, int mask) {
    if ((mask & KNOWN) == 0) {
      return -Errno.EINVAL;
    }
    FileDescription file = task.files().get(descriptor);
    try {
      if ((mask & BOTH) == BOTH || !(file instanceof Inotify inotify)) {
        return -Errno.EINVAL;
      }
      boolean follows = (mask & WatchEvents.IN_DONT_FOLLOW) == 0;
      Inode watched = Arguments.locate(task, AT_FDCWD, path, 0, follows).inode();
      if ((mask & WatchEvents.IN_ONLYDIR) != 0 && !watched.isDirectory()) {
        return -Errno.ENOTDIR;
      }
      Access.require(watched, task.credentials(), Access.READ);
      return inotify.watch(watched, mask);
    } finally {
      file.release();
    }
  }

  static long remove(Task task, int descriptor, int watch) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!(file instanceof Inotify inotify)) {
        return -Errno.EINVAL;
      }
      inotify.unwatch(watch);
      return 0;
    } finally {
      file.release();
    }
  }
}
