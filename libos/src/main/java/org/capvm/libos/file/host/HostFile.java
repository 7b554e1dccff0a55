package org.capvm.libos.file.host;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.Timestamp;
import org.capvm.libos.file.content.DescriptorBudget;
import org.capvm.libos.file.content.HostContent;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.Hostcalls;

/**
 * A host file that is no directory, known by its name in a host directory; like any name on a live
 * file system it may mean another file a moment later. What is open stays what it was.
 */
final class HostFile extends Inode {
  /** Without O_NONBLOCK, opening a FIFO that took a regular file's place would hang. */
  private static final long OPEN_FLAGS = OpenFlags.O_NONBLOCK | OpenFlags.O_NOCTTY;

  private static final long O_PATH = 010000000;

  private final HostFileSystem fileSystem;
  private final HostDirectory directory;
  private final String name;
  private final HostStatus found;

  /**
   * @param directory where it was found, or null for a file mounted on its own
   * @param found what the host said of it then
   */
  HostFile(HostFileSystem fileSystem, HostDirectory directory, String name, HostStatus found) {
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.name = name;
    this.found = found;
  }

  @Override
  public FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public int type() {
    return found.type();
  }

  HostDirectory directoryFoundIn() {
    return directory;
  }

  String name() {
    return name;
  }

  long inode() {
    return found.inode();
  }

  /** Opens the file that now has the name; a file mounted on its own is always the same. */
  private int open(long hostFlags) {
    return directory == null
        ? fileSystem.open("", hostFlags, 0)
        : directory.open(name, hostFlags, 0);
  }

  @Override
  public FileStatus status() {
    HostStatus status = directory == null ? fileSystem.rootStatus() : directory.statusOf(name);
    if (status == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return status.status(fileSystem.device());
  }

  @Override
  public FileStatus statusWhenFound() {
    return directory == null ? status() : found.status(fileSystem.device());
  }

  @Override
  public FileStatus permissionsWhenFound() {
    return statusWhenFound();
  }

  @Override
  public String readLink(Caller caller) {
    if (type() != FileMode.S_IFLNK) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    String target = directory.readLink(name);
    if (target == null) {
      // Something else has taken the link's place since it was found.
      throw ErrnoException.of(Errno.ENOENT);
    }
    return target;
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    if (type() != FileMode.S_IFREG) {
      throw ErrnoException.of(Errno.ENXIO);
    }
    boolean writable = (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY;
    int hostFlags = writable ? OpenFlags.O_RDWR : OpenFlags.O_RDONLY;
    DescriptorBudget budget = caller == null ? null : caller.fileSystem().mounts().descriptors();
    if (budget != null) {
      budget.take();
    }
    int descriptor = -1;
    try {
      descriptor = openWith(hostFlags, writable, flags);
      return open(caller, location, flags, descriptor, budget);
    } catch (ErrnoException failed) {
      if (descriptor >= 0) {
        Hostcalls.close(descriptor);
      }
      if (budget != null) {
        budget.give();
      }
      throw failed;
    }
  }

  private FileDescription open(
      Caller caller, Location location, int flags, int descriptor, DescriptorBudget budget) {
    HostStatus status = new HostStatus();
    ErrnoException.check(HostPathcalls.status(descriptor, status));
    if (status.type() != FileMode.S_IFREG) {
      throw ErrnoException.of(Errno.ENXIO);
    }
    boolean writable = (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY;
    boolean live = location.inode() == this;
    FileStatus seen = live ? status.status(fileSystem.device()) : location.inode().status();
    HostContent.Identity identity =
        new HostContent.Identity(
            () -> caller == null ? name : location.path(caller.fileSystem().root()),
            seen.device(),
            seen.inode(),
            fileSystem.isStable() && !writable ? status.codeSource() : null);
    HostContent content = new HostContent(descriptor, writable, identity, null, budget);
    return live
        ? new LiveFile(location, flags, content, fileSystem.device())
        : new RegularFile(location, flags, content);
  }

  /** A guest that opens for writing alone may lack, on the host, the right to read. */
  private int openWith(int hostFlags, boolean writable, int flags) {
    long extra = OPEN_FLAGS | (flags & OpenFlags.O_DIRECT);
    try {
      return open(hostFlags | extra);
    } catch (ErrnoException failed) {
      boolean writeOnly = (flags & OpenFlags.O_ACCMODE) == OpenFlags.O_WRONLY;
      if (failed.errno() == Errno.EACCES && writable && writeOnly) {
        return open(OpenFlags.O_WRONLY | extra);
      }
      throw failed;
    }
  }

  @Override
  public void changeMode(int permissions) {
    int descriptor = open(O_PATH);
    try {
      ErrnoException.check(HostPathcalls.changeMode(descriptor, permissions));
    } finally {
      Hostcalls.close(descriptor);
    }
  }

  @Override
  public void changeOwner(int uid, int gid) {
    int descriptor = open(O_PATH);
    try {
      ErrnoException.check(HostPathcalls.changeOwner(descriptor, uid, gid));
    } finally {
      Hostcalls.close(descriptor);
    }
  }

  @Override
  public void changeTimes(Timestamp access, Timestamp modification) {
    int descriptor = open(O_PATH);
    try {
      ErrnoException.check(HostTimes.change(descriptor, access, modification));
    } finally {
      Hostcalls.close(descriptor);
    }
  }

  @Override
  public void truncate(long size) {
    int descriptor = open(OpenFlags.O_WRONLY | OPEN_FLAGS);
    try {
      ErrnoException.check(Hostcalls.ftruncate(descriptor, size));
    } finally {
      Hostcalls.close(descriptor);
    }
  }
}
