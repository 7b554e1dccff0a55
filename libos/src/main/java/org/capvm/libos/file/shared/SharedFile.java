package org.capvm.libos.file.shared;

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
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpFile;

/** A CP_File by its name: whatever has the name when it is asked for. */
final class SharedFile extends Inode {
  private static final int READABLE = 0444;
  private static final int WRITABLE = 0222;

  private final SyntheticFileSystem fileSystem;
  private final Compartment compartment;
  private final String path;

  SharedFile(SyntheticFileSystem fileSystem, Compartment compartment, String path) {
    this.fileSystem = fileSystem;
    this.compartment = compartment;
    this.path = path;
  }

  @Override
  public FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public int type() {
    return FileMode.S_IFREG;
  }

  @Override
  public FileStatus status() {
    CpFile file = SharedFiles.open(compartment, path);
    try {
      return status(file);
    } finally {
      file.close();
    }
  }

  /** The status, given what has the name. */
  FileStatus status(CpFile file) {
    int mode = allows(file, Permissions.READ) ? READABLE : 0;
    mode |= allows(file, Permissions.WRITE) ? WRITABLE : 0;
    return fileSystem.statusOf(
        SharedFiles.number(path), FileMode.S_IFREG | mode, 1, 0, 0, 0, file.lengthBytes());
  }

  private static boolean allows(CpFile file, int permission) {
    return (file.permissions() & permission) != 0;
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    CpFile file = SharedFiles.open(compartment, path);
    int access = flags & OpenFlags.O_ACCMODE;
    boolean mayRead = access == OpenFlags.O_WRONLY || allows(file, Permissions.READ);
    boolean mayWrite = access == OpenFlags.O_RDONLY || allows(file, Permissions.WRITE);
    if (!mayRead || !mayWrite) {
      file.close();
      throw ErrnoException.of(Errno.EACCES);
    }
    return new SharedDescription(location, flags, this, file);
  }

  @Override
  public void truncate(long size) {
    // A shell's redirection truncates before it writes; like a device, this keeps its length.
  }
}
