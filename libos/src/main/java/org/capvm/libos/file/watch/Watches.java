package org.capvm.libos.file.watch;

import static org.capvm.libos.file.watch.WatchEvents.FS_RENAME;
import static org.capvm.libos.file.watch.WatchEvents.IN_ATTRIB;
import static org.capvm.libos.file.watch.WatchEvents.IN_DELETE;
import static org.capvm.libos.file.watch.WatchEvents.IN_DELETE_SELF;
import static org.capvm.libos.file.watch.WatchEvents.IN_ISDIR;
import static org.capvm.libos.file.watch.WatchEvents.IN_MOVED_FROM;
import static org.capvm.libos.file.watch.WatchEvents.IN_MOVED_TO;
import static org.capvm.libos.file.watch.WatchEvents.IN_MOVE_SELF;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;

/**
 * The watches on the files of one cVM. Calls that did something to a file say so here; while
 * nothing is watched that costs next to nothing. Threads: any.
 */
public final class Watches {
  /** {@code fs.inotify.max_user_watches}. */
  public static final int MAX_WATCHES = 8192;

  /** {@code fs.inotify.max_user_instances}. */
  public static final int MAX_INSTANCES = 128;

  private final Map<Key, List<Watch>> byFile = new ConcurrentHashMap<>();
  private final AtomicInteger watches = new AtomicInteger();
  private final AtomicInteger instances = new AtomicInteger();
  private final AtomicInteger cookies = new AtomicInteger();

  /** What a file is known by, however it was found. */
  record Key(long device, long inode) {
    static Key of(Inode file) {
      FileStatus status = file.status();
      return new Key(status.device(), status.inode());
    }
  }

  /** Nothing is watched. */
  public Watches() {}

  /**
   * A name that is about to be removed, as it was before.
   *
   * @param file what it leads to
   * @param directory whether that is a directory
   * @param last whether it is the last name
   */
  public record Removal(Key file, boolean directory, boolean last) {}

  /** Counts an instance; EMFILE if there are too many. */
  void open() {
    if (instances.incrementAndGet() > MAX_INSTANCES) {
      instances.decrementAndGet();
      throw ErrnoException.of(Errno.EMFILE);
    }
  }

  void close() {
    instances.decrementAndGet();
  }

  /** Adds a watch; ENOSPC if there are too many. */
  void add(Watch watch) {
    if (watches.incrementAndGet() > MAX_WATCHES) {
      watches.decrementAndGet();
      throw ErrnoException.of(Errno.ENOSPC);
    }
    byFile.compute(
        watch.file(),
        (file, known) -> {
          List<Watch> all = known == null ? new CopyOnWriteArrayList<>() : known;
          all.add(watch);
          return all;
        });
  }

  void remove(Watch watch) {
    byFile.computeIfPresent(
        watch.file(),
        (file, known) -> {
          if (known.remove(watch)) {
            watches.decrementAndGet();
          }
          return known.isEmpty() ? null : known;
        });
  }

  /** Something happened to a file: tells who watches its directory, then who watches it. */
  public void happened(Location location, int event) {
    if (byFile.isEmpty()) {
      return;
    }
    Inode inode = location.inode();
    if (inode instanceof Directory directory) {
      if (directory.parent() != directory && !directory.isRemoved()) {
        named(directory.parent(), directory.name(), event | IN_ISDIR);
      }
      tell(inode, event | IN_ISDIR, 0, null);
    } else {
      if (location.parent() != null) {
        named(location.parent(), location.name(), event);
      }
      tell(inode, event, 0, null);
    }
  }

  /** Something happened to a name in a directory. */
  public void named(Directory directory, String name, int event) {
    if (!byFile.isEmpty()) {
      tell(directory, event, 0, name);
    }
  }

  /** Something happened to a file, whatever its names. */
  public void toItself(Inode file, int event) {
    if (!byFile.isEmpty()) {
      tell(file, event, 0, null);
    }
  }

  /** A name is about to be removed or replaced. Null if nothing is watched. */
  public Removal removing(Inode file) {
    if (byFile.isEmpty()) {
      return null;
    }
    boolean last = file.isDirectory() || file.status().linkCount() == 1;
    return new Removal(Key.of(file), file.isDirectory(), last);
  }

  /** A name was removed. */
  public void removed(Removal removal, Directory directory, String name) {
    if (removal == null) {
      return;
    }
    if (!removal.directory) {
      tell(removal.file, IN_ATTRIB, 0, null);
    }
    named(directory, name, IN_DELETE | (removal.directory ? IN_ISDIR : 0));
    endIfLast(removal);
  }

  private void endIfLast(Removal removal) {
    if (removal.last) {
      tell(removal.file, IN_DELETE_SELF, 0, null);
      for (Watch watch : byFile.getOrDefault(removal.file, List.of())) {
        watch.end();
      }
    }
  }

  /**
   * A name was moved.
   *
   * @param replaced what the new name led to before, or null
   */
  public void moved(
      Inode file, Directory from, String name, Directory to, String newName, Removal replaced) {
    if (byFile.isEmpty()) {
      return;
    }
    int kind = file.isDirectory() ? IN_ISDIR : 0;
    int cookie = cookies.incrementAndGet();
    if (Key.of(to).equals(Key.of(from))) {
      tell(from, FS_RENAME | kind, 0, name);
    }
    tell(from, IN_MOVED_FROM | kind, cookie, name);
    tell(to, IN_MOVED_TO | kind, cookie, newName);
    if (replaced != null && !replaced.directory) {
      tell(replaced.file, IN_ATTRIB, 0, null);
    }
    tell(file, IN_MOVE_SELF, 0, null);
    if (replaced != null) {
      endIfLast(replaced);
    }
  }

  private void tell(Inode file, int event, int cookie, String name) {
    Key key;
    try {
      key = Key.of(file);
    } catch (ErrnoException gone) {
      // A host's file without a name any more: whoever watched it has heard of that.
      return;
    }
    tell(key, event, cookie, name);
  }

  private void tell(Key file, int event, int cookie, String name) {
    for (Watch watch : byFile.getOrDefault(file, List.of())) {
      watch.tell(event, cookie, name);
    }
  }
}
