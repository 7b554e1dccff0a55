package org.capvm.libos.file.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Timestamp;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;

/**
 * A directory beneath the root of a {@link HostFileSystem}. Holds its place; {@link
 * OpenDirectories} has its descriptor while it is in use.
 *
 * <p>The objects of directories are canonical while somebody holds them, checked at each lookup
 * against the host's device and inode number.
 */
final class HostDirectory extends Directory {
  private static final int RENAME_EXCHANGE = 2;

  private final HostFileSystem fileSystem;
  private final long hostDevice;
  private final long hostInode;
  private volatile HostDirectory parent;
  private volatile String name;
  private volatile boolean removed;

  /** Guarded by itself. */
  private final Map<String, WeakReference<HostDirectory>> children = new HashMap<>();

  HostDirectory(HostFileSystem fileSystem, HostDirectory parent, String name, HostStatus status) {
    this.fileSystem = fileSystem;
    this.parent = parent == null ? this : parent;
    this.name = name;
    this.hostDevice = status.hostDevice();
    this.hostInode = status.inode();
  }

  /** Whether a status is this directory's. */
  boolean isSame(HostStatus status) {
    return status.inode() == hostInode && status.hostDevice() == hostDevice;
  }

  @Override
  public FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public Directory parent() {
    return parent;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isRemoved() {
    return removed;
  }

  /** The path from the file system's root; empty for the root. */
  String path() {
    if (parent == this) {
      return "";
    }
    synchronized (fileSystem.renameLock) {
      StringBuilder path = new StringBuilder(name);
      for (HostDirectory at = parent; at.parent != at; at = at.parent) {
        path.insert(0, '/').insert(0, at.name);
      }
      return path.toString();
    }
  }

  @Override
  public FileStatus status() {
    HostStatus status = new HostStatus();
    with(descriptor -> HostPathcalls.status(descriptor, status));
    return status.status(fileSystem.device());
  }

  @Override
  public Inode lookup(Caller caller, String child) {
    HostStatus status = statusOf(child);
    if (status == null || !fileSystem.isVisible(status.mode())) {
      return null;
    }
    return found(child, status);
  }

  /** The status of what has a name here, or null if there is nothing. */
  HostStatus statusOf(String child) {
    HostStatus status = new HostStatus();
    long result;
    try {
      result =
          fileSystem
              .openDirectories()
              .with(this, descriptor -> HostPathcalls.statusOf(descriptor, child, status));
    } catch (ErrnoException failed) {
      result = -failed.errno();
    }
    if (result == -Errno.ENOENT || result == -Errno.ENOTDIR) {
      return null;
    }
    ErrnoException.check(result);
    return status;
  }

  /** Opens what has a name here, no symbolic link; the caller closes the descriptor. */
  int open(String child, long flags, int mode) {
    return (int) with(directory -> HostPathcalls.openBeneath(directory, child, flags, mode));
  }

  /** Where a symbolic link here leads, or null if the name is none. */
  String readLink(String child) {
    String[] target = new String[1];
    with(
        directory -> {
          target[0] = HostPathcalls.readLink(directory, child);
          return 0;
        });
    return target[0];
  }

  private Inode found(String child, HostStatus status) {
    if (status.type() != FileMode.S_IFDIR) {
      return new HostFile(fileSystem, this, child, status);
    }
    synchronized (children) {
      WeakReference<HostDirectory> known = children.get(child);
      HostDirectory directory = known == null ? null : known.get();
      if (directory == null || !directory.isSame(status)) {
        directory = new HostDirectory(fileSystem, this, child, status);
        children.put(child, new WeakReference<>(directory));
      }
      return directory;
    }
  }

  private HostDirectory takeChild(String child) {
    synchronized (children) {
      WeakReference<HostDirectory> known = children.remove(child);
      return known == null ? null : known.get();
    }
  }

  private void putChild(String child, HostDirectory directory) {
    synchronized (children) {
      children.put(child, new WeakReference<>(directory));
    }
  }

  @Override
  public boolean holds(String child, Inode file) {
    HostStatus status = statusOf(child);
    return status != null && file instanceof HostFile host && status.inode() == host.inode();
  }

  @Override
  public List<Entry> list(Caller caller) {
    int descriptor = open("", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0);
    try {
      return readEntries(descriptor);
    } finally {
      Hostcalls.close(descriptor);
    }
  }

  private List<Entry> readEntries(int descriptor) {
    List<Entry> entries = new ArrayList<>();
    MemorySegment scratch = HostScratch.get();
    byte[] block = new byte[32768];
    while (true) {
      long count =
          ErrnoException.check(Hostcalls.getdents(descriptor, scratch.address(), block.length));
      if (count == 0) {
        return entries;
      }
      MemorySegment.copy(scratch, ValueLayout.JAVA_BYTE, 0, block, 0, (int) count);
      MemorySegment records = MemorySegment.ofArray(block);
      int offset = 0;
      while (offset < count) {
        int length = records.get(ValueLayout.JAVA_SHORT_UNALIGNED, offset + 16L) & 0xFFFF;
        Entry entry = entry(descriptor, block, records, offset);
        if (entry != null) {
          entries.add(entry);
        }
        offset += length;
      }
    }
  }

  private Entry entry(int descriptor, byte[] block, MemorySegment records, int offset) {
    int nameStart = offset + 19;
    int nameEnd = nameStart;
    while (block[nameEnd] != 0) {
      nameEnd++;
    }
    String child = new String(block, nameStart, nameEnd - nameStart, StandardCharsets.ISO_8859_1);
    if (child.equals(".") || child.equals("..")) {
      return null;
    }
    long inode = records.get(ValueLayout.JAVA_LONG_UNALIGNED, offset);
    int type = (block[offset + 18] & 0xFF) << 12;
    boolean alwaysVisible = type == FileMode.S_IFLNK;
    if (type == 0 || (fileSystem.isFiltering() && !alwaysVisible)) {
      HostStatus status = new HostStatus();
      if (HostPathcalls.statusOf(descriptor, child, status) < 0
          || !fileSystem.isVisible(status.mode())) {
        return null;
      }
      type = status.type();
    }
    return new Entry(child, inode, type);
  }

  /** Does something with an {@code O_PATH} descriptor of this directory. */
  long with(OpenDirectories.Use use) {
    return ErrnoException.check(fileSystem.openDirectories().with(this, use));
  }

  private Inode require(String child) {
    Inode made = lookup(null, child);
    if (made == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return made;
  }

  @Override
  public Inode createFile(String child, Attributes attributes) {
    long flags = OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_RDONLY;
    int descriptor = open(child, flags, attributes.mode() & 07777);
    try {
      if (fileSystem.isOthers(attributes)) {
        allowRefusal(HostPathcalls.changeOwner(descriptor, attributes.uid(), attributes.gid()));
      }
      ErrnoException.check(HostPathcalls.changeMode(descriptor, attributes.mode() & 07777));
    } finally {
      Hostcalls.close(descriptor);
    }
    return require(child);
  }

  @Override
  public Directory createDirectory(String child, Attributes attributes) {
    with(descriptor -> HostPathcalls.makeDirectory(descriptor, child, attributes.mode() & 07777));
    HostDirectory made = (HostDirectory) require(child);
    giveTo(attributes, made);
    made.changeMode(attributes.mode() & 07777);
    return made;
  }

  @Override
  public Inode createSymbolicLink(String child, String target, Attributes attributes) {
    with(descriptor -> HostPathcalls.symbolicLink(target, descriptor, child));
    return giveTo(attributes, require(child));
  }

  @Override
  public Inode createNode(String child, Attributes attributes) {
    with(descriptor -> HostPathcalls.makeNode(descriptor, child, attributes.mode(), 0));
    return giveTo(attributes, require(child));
  }

  /** Makes who created a file its owner, as far as the host lets the JVM's user do that. */
  private Inode giveTo(Attributes attributes, Inode made) {
    if (fileSystem.isOthers(attributes)) {
      try {
        made.changeOwner(attributes.uid(), attributes.gid());
      } catch (ErrnoException refused) {
        allowRefusal(-refused.errno());
      }
    }
    return made;
  }

  /**
   * Lets a file stay the JVM's user's where that user may not give it away, or where the JVM's user
   * namespace does not have the new owner.
   */
  private static void allowRefusal(long result) {
    if (result != -Errno.EPERM && result != -Errno.EINVAL) {
      ErrnoException.check(result);
    }
  }

  @Override
  public void link(String child, Inode file) {
    if (!(file instanceof HostFile host) || host.directoryFoundIn() == null) {
      throw ErrnoException.of(Errno.EXDEV);
    }
    with(
        target ->
            host.directoryFoundIn()
                .with(source -> HostPathcalls.link(source, host.name(), target, child)));
  }

  @Override
  public void unlink(String child) {
    with(descriptor -> HostPathcalls.unlink(descriptor, child));
  }

  @Override
  public void removeDirectory(String child) {
    with(descriptor -> HostPathcalls.removeDirectory(descriptor, child));
    HostDirectory gone = takeChild(child);
    if (gone != null) {
      gone.removed = true;
      fileSystem.openDirectories().forget(gone);
    }
  }

  @Override
  public void rename(String child, Directory target, String newName, int flags) {
    HostDirectory to = (HostDirectory) target;
    with(
        source ->
            to.with(
                destination -> HostPathcalls.rename(source, child, destination, newName, flags)));
    synchronized (fileSystem.renameLock) {
      HostDirectory moved = takeChild(child);
      HostDirectory replaced = to.takeChild(newName);
      if (moved != null) {
        moved.parent = to;
        moved.name = newName;
        to.putChild(newName, moved);
      }
      if (replaced != null) {
        if (flags == RENAME_EXCHANGE) {
          replaced.parent = this;
          replaced.name = child;
          putChild(child, replaced);
        } else {
          replaced.removed = true;
        }
      }
    }
  }

  @Override
  public void changeMode(int permissions) {
    with(descriptor -> HostPathcalls.changeMode(descriptor, permissions));
  }

  @Override
  public void changeOwner(int uid, int gid) {
    with(descriptor -> HostPathcalls.changeOwner(descriptor, uid, gid));
  }

  @Override
  public void changeTimes(Timestamp access, Timestamp modification) {
    with(descriptor -> HostTimes.change(descriptor, access, modification));
  }
}
