package org.capvm.libos.file;

import static org.capvm.libos.abi.Whence.SEEK_CUR;
import static org.capvm.libos.abi.Whence.SEEK_SET;

import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.process.Task;

/**
 * An open directory. The names are taken at the first read after opening or rewinding; a position
 * is the number of the entry that comes next, {@code .} and {@code ..} being 0 and 1.
 *
 * <p>Threads: any; one read at a time.
 */
public final class DirectoryDescription extends FileDescription {
  private static final int DOTS = 2;

  private List<Directory.Entry> entries;
  private long position;

  /** An open directory. */
  public DirectoryDescription(Location location, int flags) {
    super(location, flags);
  }

  /** Receives entries until it has no more room. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes one entry.
     *
     * @param nextPosition the position after it
     * @return false if it does not fit; it is then offered again at the next read
     */
    boolean accept(String name, long inode, int type, long nextPosition);
  }

  /** Hands out entries from the current position on. */
  public synchronized void readEntries(Caller caller, Sink sink) {
    Directory directory = location().directory();
    if (entries == null) {
      if (directory.isRemoved()) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      entries = directory.list(caller);
    }
    while (position < entries.size() + DOTS) {
      if (!offer(caller, directory, sink)) {
        return;
      }
      position++;
    }
  }

  private boolean offer(Caller caller, Directory directory, Sink sink) {
    if (position == 0) {
      return sink.accept(".", directory.status().inode(), FileMode.S_IFDIR, 1);
    }
    if (position == 1) {
      Location parent = location().parentFor(caller.fileSystem().root());
      return sink.accept("..", parent.inode().status().inode(), FileMode.S_IFDIR, 2);
    }
    Directory.Entry entry = entries.get((int) position - DOTS);
    return sink.accept(entry.name(), entry.inode(), entry.type(), position + 1);
  }

  @Override
  public synchronized long seek(Task task, long offset, int whence) {
    long target =
        switch (whence) {
          case SEEK_SET -> offset;
          case SEEK_CUR -> position + offset;
          default -> -1;
        };
    if (target < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (target == 0) {
      entries = null;
    }
    position = target;
    return target;
  }

  @Override
  public boolean isPositional() {
    return true;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    throw ErrnoException.of(Errno.EISDIR);
  }

  @Override
  public long readAt(Task task, IoBuffer buffer, long at) {
    throw ErrnoException.of(Errno.EISDIR);
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    throw ErrnoException.of(Errno.EBADF);
  }

  @Override
  public void sync(boolean dataOnly) {}

  @Override
  protected void close() {}
}
