package org.capvm.libos.file.dev;

import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;

/** The node of a character device that the library OS provides. */
final class Device extends Inode {
  /** Opens a device. */
  @FunctionalInterface
  interface Opener {
    FileDescription open(Caller caller, Location location, int flags);
  }

  private final SyntheticFileSystem fileSystem;
  private final long number;
  private final long deviceNumber;
  private final Opener opener;

  Device(SyntheticFileSystem fileSystem, int major, int minor, Opener opener) {
    this.fileSystem = fileSystem;
    this.number = fileSystem.newNumber();
    this.deviceNumber = FileStatus.makeDevice(major, minor);
    this.opener = opener;
  }

  @Override
  public FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public int type() {
    return FileMode.S_IFCHR;
  }

  @Override
  public FileStatus status() {
    return fileSystem.statusOf(number, FileMode.S_IFCHR | 0666, 1, 0, 0, deviceNumber);
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    return opener.open(caller, location, flags);
  }

  @Override
  public void truncate(long size) {
    // Redirecting output to a device with O_TRUNC is common and means nothing.
  }
}
