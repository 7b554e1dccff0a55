package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.AT_FDCWD;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.DirectoryDescription;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.process.Task;

/** Listing directories, the working directory, the root and the umask. */
final class DirectoryCalls {
  /** More than this a listing is not given at once, however large the guest's buffer is. */
  private static final int MAX_LISTING_BYTES = 1 << 20;

  private static final int HEADER_64 = 19;
  private static final int HEADER_OLD = 18;

  private DirectoryCalls() {}

  static long getdents64(Task task, int descriptor, long buffer, long size) {
    return list(task, descriptor, buffer, size, true);
  }

  static long getdents(Task task, int descriptor, long buffer, long size) {
    return list(task, descriptor, buffer, size, false);
  }

  private static long list(Task task, int descriptor, long buffer, long size, boolean modern) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!(file instanceof DirectoryDescription directory)) {
        return -Errno.ENOTDIR;
      }
      // Linux takes the size as an int: from 2 GiB on not even one entry fits.
      int room = Math.clamp((int) size, 0, MAX_LISTING_BYTES);
      ByteBuffer entries = ByteBuffer.allocate(room).order(ByteOrder.LITTLE_ENDIAN);
      boolean[] full = new boolean[1];
      directory.readEntries(
          Caller.of(task),
          (name, inode, type, next) -> {
            boolean fits = put(entries, name, inode, type, next, modern);
            full[0] |= !fits;
            return fits;
          });
      if (entries.position() == 0 && full[0]) {
        return -Errno.EINVAL;
      }
      task.addressSpace().prepareStore(buffer, entries.position());
      task.memory().write(buffer, entries.array(), 0, entries.position());
      return entries.position();
    } finally {
      file.release();
    }
  }

  /**
   * Appends one {@code struct linux_dirent64} (inode, next, length, type, name) or, in the old
   * form, {@code linux_dirent} (inode, next, length, name, type in the last byte); false if there
   * is no room.
   */
  private static boolean put(
      ByteBuffer entries, String name, long inode, int type, long next, boolean modern) {
    int bytes = modern ? HEADER_64 + name.length() + 1 : HEADER_OLD + name.length() + 2;
    int length = (bytes + 7) & ~7;
    if (entries.remaining() < length) {
      return false;
    }
    int start = entries.position();
    byte directoryType = (byte) (type >>> 12);
    entries.putLong(inode).putLong(next).putShort((short) length);
    if (modern) {
      entries.put(directoryType);
    }
    entries.put(name.getBytes(StandardCharsets.ISO_8859_1));
    while (entries.position() < start + length) {
      entries.put((byte) 0);
    }
    if (!modern) {
      entries.put(start + length - 1, directoryType);
    }
    return true;
  }

  static long getcwd(Task task, long buffer, long size) {
    FileSystemContext context = task.fileSystem();
    Location cwd = context.workingDirectory();
    if (cwd.directory().isRemoved()) {
      return -Errno.ENOENT;
    }
    byte[] path = (cwd.path(context.root()) + "\0").getBytes(StandardCharsets.ISO_8859_1);
    if (path.length > PathWalk.PATH_MAX) {
      return -Errno.ENAMETOOLONG;
    }
    if (Long.compareUnsigned(path.length, size) > 0) {
      return -Errno.ERANGE;
    }
    task.memory().write(buffer, path, 0, path.length);
    return path.length;
  }

  static long chdir(Task task, long path) {
    Location location = Arguments.locate(task, AT_FDCWD, path, 0, true);
    return enter(task, location);
  }

  static long fchdir(Task task, int descriptor) {
    FileDescription file = task.files().getAny(descriptor);
    try {
      if (file.location() == null) {
        return -Errno.ENOTDIR;
      }
      return enter(task, file.location());
    } finally {
      file.release();
    }
  }

  private static long enter(Task task, Location location) {
    location.directory();
    Access.require(location.inode(), task.credentials(), Access.EXECUTE);
    task.fileSystem().changeWorkingDirectory(location);
    return 0;
  }

  static long chroot(Task task, long path) {
    Location location = Arguments.locate(task, AT_FDCWD, path, 0, true);
    location.directory();
    Access.require(location.inode(), task.credentials(), Access.EXECUTE);
    if (!task.credentials().isPrivileged()) {
      throw ErrnoException.of(Errno.EPERM);
    }
    task.fileSystem().changeRoot(location);
    return 0;
  }

  static long umask(Task task, int mask) {
    return task.fileSystem().changeUmask(mask & ~FileMode.S_IFMT);
  }
}
