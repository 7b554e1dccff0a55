package org.capvm.libos.file.watch;

import static org.capvm.libos.file.watch.WatchEvents.FS_RENAME;
import static org.capvm.libos.file.watch.WatchEvents.IN_ACCESS;
import static org.capvm.libos.file.watch.WatchEvents.IN_ATTRIB;
import static org.capvm.libos.file.watch.WatchEvents.IN_CREATE;
import static org.capvm.libos.file.watch.WatchEvents.IN_DELETE;
import static org.capvm.libos.file.watch.WatchEvents.IN_ISDIR;
import static org.capvm.libos.file.watch.WatchEvents.IN_MODIFY;
import static org.capvm.libos.file.watch.WatchEvents.IN_MOVED_FROM;
import static org.capvm.libos.file.watch.WatchEvents.IN_MOVED_TO;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.process.Process;
import org.capvm.libos.signal.OwnerSignal;

/**
 * The interest of one open directory's owner in what happens in it, told by a signal: {@code
 * F_NOTIFY} of fcntl(2). Threads: any.
 */
public final class DirectoryNotice extends Watch {
  /** Goes on after the first signal. */
  public static final int DN_MULTISHOT = 0x8000_0000;

  private static final int DN_ACCESS = 0x1;
  private static final int DN_MODIFY = 0x2;
  private static final int DN_CREATE = 0x4;
  private static final int DN_DELETE = 0x8;
  private static final int DN_RENAME = 0x10;
  private static final int DN_ATTRIB = 0x20;

  private final Watches watches;
  private final FileDescription directory;
  private final Process asker;
  private volatile int descriptor;
  private volatile int events;
  private volatile boolean continues;
  private volatile boolean over;

  private DirectoryNotice(Watches watches, FileDescription directory, Process asker) {
    super(Watches.Key.of(directory.location().inode()));
    this.watches = watches;
    this.directory = directory;
    this.asker = asker;
  }

  /**
   * A notice that wants nothing yet.
   *
   * @param directory an open directory
   * @param asker whose rights decide whether its owner gets the signal
   * @throws ErrnoException ENOSPC
   */
  public static DirectoryNotice of(FileDescription directory, Process asker) {
    Watches watches = directory.location().mount().watches();
    DirectoryNotice made = new DirectoryNotice(watches, directory, asker);
    watches.add(made);
    return made;
  }

  /**
   * Wants more.
   *
   * @param askedWith the descriptor that the signal names
   * @param mask {@code DN_} flags
   */
  public synchronized void extend(int askedWith, int mask) {
    descriptor = askedWith;
    events |= eventsOf(mask);
    continues |= (mask & DN_MULTISHOT) != 0;
  }

  private static int eventsOf(int mask) {
    return ((mask & DN_ACCESS) != 0 ? IN_ACCESS : 0)
        | ((mask & DN_MODIFY) != 0 ? IN_MODIFY : 0)
        | ((mask & DN_CREATE) != 0 ? IN_CREATE | IN_MOVED_TO : 0)
        | ((mask & DN_DELETE) != 0 ? IN_DELETE | IN_MOVED_FROM : 0)
        | ((mask & DN_RENAME) != 0 ? FS_RENAME : 0)
        | ((mask & DN_ATTRIB) != 0 ? IN_ATTRIB : 0);
  }

  /** Whether nothing will be told any more. */
  public boolean isOver() {
    return over;
  }

  @Override
  void tell(int event, int cookie, String name) {
    synchronized (this) {
      if (over || (event & events) == 0 || (name == null && (event & IN_ISDIR) == 0)) {
        return;
      }
      if (!continues) {
        end();
      }
    }
    OwnerSignal.send(directory, asker, descriptor, OwnerSignal.POLL_MSG);
  }

  /** Tells nothing any more. */
  @Override
  public void end() {
    over = true;
    watches.remove(this);
  }
}
