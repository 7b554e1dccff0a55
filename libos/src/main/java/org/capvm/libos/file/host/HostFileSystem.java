package org.capvm.libos.file.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.FileSystemStatus;
import org.capvm.libos.file.Inode;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.Hostcalls;

/**
 * What lies beneath one host directory (or one host file), named by a descriptor that was opened
 * when the cVM was configured.
 *
 * <p>Confinement rests on the host's kernel: each access opens its file from the root descriptor
 * with {@code openat2} and {@code RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS}, or asks for one name in a
 * directory opened so, whose symbolic links are not followed either. Neither {@code ..}, nor a
 * symbolic link, nor a directory renamed at the same moment can lead outside. Symbolic links are
 * read and walked by the library OS, in the guest's own tree. Device nodes of the host cannot be
 * opened.
 *
 * <p>Besides open files, only the directories used last keep a descriptor open. Threads: any;
 * renames of directories hold {@link #renameLock}.
 */
public final class HostFileSystem extends FileSystem {
  /** Which files of the host directory the guest sees. */
  public enum Audience {
    /** Whatever the JVM's user may reach. */
    OWNER,
    /** Only what every user of the host may read; the rest does not exist for the guest. */
    EVERYONE
  }

  /** Who owns what the JVM creates. */
  private static final int OWN_USER = ownIdentity("unix:uid");

  private static final int OWN_GROUP = ownIdentity("unix:gid");

  private final int rootDescriptor;
  private final Audience audience;
  private final boolean stable;
  private final Inode root;
  private final OpenDirectories openDirectories = new OpenDirectories(this);
  final Object renameLock = new Object();

  private static int ownIdentity(String attribute) {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), attribute);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a file is to belong to somebody else than the JVM's user. */
  boolean isOthers(Directory.Attributes attributes) {
    return attributes.uid() != OWN_USER || attributes.gid() != OWN_GROUP;
  }

  /**
   * Takes over a descriptor.
   *
   * @param rootDescriptor of a directory or file, {@code O_PATH} will do
   * @param stable whether the files stay as they are for the life of the cVM, so that code in them
   *     may be shared between cVMs
   */
  public HostFileSystem(int rootDescriptor, Audience audience, boolean stable) {
    this.rootDescriptor = rootDescriptor;
    this.audience = audience;
    this.stable = stable;
    HostStatus status = rootStatus();
    root =
        status.type() == FileMode.S_IFDIR
            ? new HostDirectory(this, null, "", status)
            : new HostFile(this, null, "", status);
  }

  /**
   * Opens a host path for a cVM's configuration; the only place where a host path is walked as the
   * host does.
   */
  public static HostFileSystem open(String hostPath, Audience audience, boolean stable) {
    int descriptor = (int) ErrnoException.check(Hostcalls.openRoot(hostPath));
    try {
      return new HostFileSystem(descriptor, audience, stable);
    } catch (ErrnoException failed) {
      Hostcalls.close(descriptor);
      throw failed;
    }
  }

  @Override
  public String typeName() {
    return "capvm-host";
  }

  @Override
  public Inode root() {
    return root;
  }

  @Override
  public FileSystemStatus status() {
    FileSystemStatus[] result = new FileSystemStatus[1];
    ErrnoException.check(
        HostPathcalls.fileSystemStatus(
            rootDescriptor,
            statfs ->
                result[0] =
                    new FileSystemStatus(
                        field(statfs, 0),
                        field(statfs, 1),
                        field(statfs, 2),
                        field(statfs, 3),
                        field(statfs, 4),
                        field(statfs, 5),
                        field(statfs, 6),
                        field(statfs, 8))));
    return result[0];
  }

  private static long field(MemorySegment statfs, int index) {
    return statfs.get(ValueLayout.JAVA_LONG, index * 8L);
  }

  OpenDirectories openDirectories() {
    return openDirectories;
  }

  @Override
  public void close() {
    openDirectories.close();
    Hostcalls.close(rootDescriptor);
  }

  boolean isStable() {
    return stable;
  }

  boolean isFiltering() {
    return audience == Audience.EVERYONE;
  }

  /** Whether the guest is to see a file of this mode. */
  boolean isVisible(int mode) {
    if (audience == Audience.OWNER) {
      return true;
    }
    return switch (mode & FileMode.S_IFMT) {
      case FileMode.S_IFDIR -> (mode & 05) == 05;
      case FileMode.S_IFREG -> (mode & 04) != 0;
      case FileMode.S_IFLNK -> true;
      default -> false;
    };
  }

  /**
   * Opens something beneath the root.
   *
   * @param path relative to the root; empty is the root itself
   * @return a host descriptor, which the caller closes
   */
  int open(String path, long flags, int mode) {
    if (path.isEmpty() && !root.isDirectory()) {
      return openRootFile(flags);
    }
    long result = HostPathcalls.openBeneath(rootDescriptor, path, flags, mode);
    return (int) ErrnoException.check(result == -Errno.EXDEV ? -Errno.ENOENT : result);
  }

  /** A single mounted file is opened anew through its descriptor. */
  private int openRootFile(long flags) {
    return (int) ErrnoException.check(HostPathcalls.reopen(rootDescriptor, flags));
  }

  /** The root's status now. */
  HostStatus rootStatus() {
    HostStatus status = new HostStatus();
    ErrnoException.check(HostPathcalls.status(rootDescriptor, status));
    return status;
  }
}
