package org.capvm.libos.file.pty;

import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;

/** {@code /dev/pts/N}. Threads: any. */
final class SlaveNode extends Inode {
  /** Linux numbers the files of devpts so: two come before the terminals. */
  private static final int FIRST_NUMBER = 3;

  /** Whoever is in the group {@code tty} may write to the terminals of others. */
  private static final int TTY_GROUP = 5;

  private final SyntheticFileSystem fileSystem;
  private final Pseudoterminal terminal;
  private int permissions = 0620;
  private int uid;
  private int gid = TTY_GROUP;

  SlaveNode(SyntheticFileSystem fileSystem, Pseudoterminal terminal, Credentials owner) {
    this.fileSystem = fileSystem;
    this.terminal = terminal;
    this.uid = owner.fsuid();
  }

  Pseudoterminal terminal() {
    return terminal;
  }

  long number() {
    return FIRST_NUMBER + (long) terminal.number();
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
  public synchronized FileStatus status() {
    return fileSystem.statusOf(
        number(), FileMode.S_IFCHR | permissions, 1, uid, gid, terminal.deviceNumber());
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    return open(caller == null ? null : caller.task(), location, flags);
  }

  /**
   * Opens the terminal.
   *
   * @param task who does, or null for the library OS
   * @param location null when it is not opened by a name
   * @throws org.capvm.libos.ErrnoException EIO, EBUSY
   */
  FileDescription open(Task task, Location location, int flags) {
    terminal.openSlave(task == null || task.credentials().isPrivileged());
    JobControl.opened(task, terminal, flags);
    return new Slave(terminal, this, location, flags);
  }

  @Override
  public synchronized void changeMode(int changed) {
    permissions = changed;
  }

  @Override
  public synchronized void changeOwner(int newUid, int newGid) {
    uid = newUid == -1 ? uid : newUid;
    gid = newGid == -1 ? gid : newGid;
  }

  @Override
  public void truncate(long size) {
    // Redirecting output to a terminal with O_TRUNC is common and means nothing.
  }
}
