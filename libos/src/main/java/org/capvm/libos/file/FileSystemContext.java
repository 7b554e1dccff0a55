package org.capvm.libos.file;

/**
 * A process's view of the tree: mounts, root, working directory and umask ({@code CLONE_FS} shares
 * one). Threads: any; each field changes on its own.
 */
public final class FileSystemContext {
  private final MountTable mounts;
  private volatile Location root;
  private volatile Location workingDirectory;
  private volatile int umask = 022;

  /** A view of the whole tree, with the root as working directory. */
  public FileSystemContext(MountTable mounts) {
    this.mounts = mounts;
    this.root = mounts.root();
    this.workingDirectory = root;
  }

  private FileSystemContext(FileSystemContext other) {
    mounts = other.mounts;
    root = other.root;
    workingDirectory = other.workingDirectory;
    umask = other.umask;
  }

  /** A copy for a child process. */
  public FileSystemContext copy() {
    return new FileSystemContext(this);
  }

  /** The cVM's mounts. */
  public MountTable mounts() {
    return mounts;
  }

  /** Where a leading slash starts and where {@code ..} stops. */
  public Location root() {
    return root;
  }

  /** Where relative paths start. */
  public Location workingDirectory() {
    return workingDirectory;
  }

  /** The permission bits that new files do not get. */
  public int umask() {
    return umask;
  }

  /** Changes the root. */
  public void changeRoot(Location newRoot) {
    root = newRoot;
  }

  /** Changes the working directory. */
  public void changeWorkingDirectory(Location newWorkingDirectory) {
    workingDirectory = newWorkingDirectory;
  }

  /** Changes the umask and returns the one before. */
  public synchronized int changeUmask(int newUmask) {
    int old = umask;
    umask = newUmask & 0777;
    return old;
  }
}
