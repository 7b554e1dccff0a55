package org.capvm.libos.file.layer;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.Timestamp;
import org.capvm.libos.file.content.Charge;
import org.capvm.libos.file.content.HostContent;
import org.capvm.libos.file.content.HostCopy;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.file.host.HostStatus;
import org.capvm.libos.file.host.HostTimes;
import org.capvm.libos.host.HostPathcalls;

/**
 * A regular file: its content is the lower file's until something changes it, then our own. Changes
 * of where the content is hold this object's monitor.
 */
final class LayeredFile extends LayeredNode {
  private final Inode lower;
  private final FileStatus lowerStatus;
  private volatile HostContent content;
  private boolean ownReference;

  /** A new, empty file. */
  LayeredFile(LayeredFileSystem fileSystem, NodeState state) {
    this(fileSystem, state, null, null);
  }

  /** A file of a lower layer. */
  LayeredFile(LayeredFileSystem fileSystem, NodeState state, Inode lower, FileStatus lowerStatus) {
    super(fileSystem, state);
    this.lower = lower;
    this.lowerStatus = lowerStatus;
  }

  @Override
  public int type() {
    return FileMode.S_IFREG;
  }

  @Override
  public FileStatus status() {
    HostContent own = content;
    if (own != null && own.tryRetain()) {
      try {
        HostStatus host = new HostStatus();
        ErrnoException.check(HostPathcalls.status(own.hostDescriptor(), host));
        return state.status(fileSystem.device(), host.status(0));
      } finally {
        own.release();
      }
    }
    return lowerStatus == null
        ? state.status(fileSystem.device(), 0, 0)
        : state.status(fileSystem.device(), lowerStatus.size(), lowerStatus.blocks());
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    boolean writable = (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY;
    if (content == null && lower != null && !writable) {
      return lower.open(caller, location, flags);
    }
    String path = location.path(caller.fileSystem().root());
    HostContent own;
    synchronized (this) {
      own = ownContent(path, Long.MAX_VALUE);
      if (!own.tryRetain()) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (state.links() == 0) {
        releaseOwn();
      }
    }
    return new RegularFile(location, flags, own);
  }

  /** Our own content, copied up if need be, of which at most so many bytes are wanted. */
  private HostContent ownContent(String path, long wantedBytes) {
    if (content == null) {
      int descriptor = fileSystem.store().create();
      HostContent.Identity identity =
          new HostContent.Identity(path, fileSystem.device(), state.number(), null);
      Charge charge = new Charge(fileSystem.quota());
      HostContent made = new HostContent(descriptor, true, identity, charge);
      try {
        if (lower != null) {
          copyUp(descriptor, charge, Math.min(wantedBytes, lowerStatus.size()));
        }
      } catch (ErrnoException failed) {
        made.release();
        throw failed;
      }
      ownReference = true;
      content = made;
    }
    return content;
  }

  private void copyUp(int output, Charge charge, long lengthBytes) {
    charge.requireTo(lengthBytes);
    FileDescription source = lower.open(null, Location.of(null, lower), OpenFlags.O_RDONLY);
    try {
      HostCopy.copy(source.hostDescriptor(), output, lengthBytes);
    } finally {
      source.release();
    }
    HostTimes.change(output, lowerStatus.access(), lowerStatus.modification());
  }

  @Override
  public void truncate(long size) {
    synchronized (this) {
      ownContent("", size).truncate(size);
    }
  }

  @Override
  public void changeTimes(Timestamp access, Timestamp modification) {
    super.changeTimes(access, modification);
    HostContent own = content;
    if (own != null && own.tryRetain()) {
      try {
        ErrnoException.check(HostTimes.change(own.hostDescriptor(), access, modification));
      } finally {
        own.release();
      }
    }
  }

  @Override
  void linked() {
    synchronized (this) {
      if (!ownReference && content != null && content.tryRetain()) {
        ownReference = true;
      }
    }
    super.linked();
  }

  @Override
  void unlinked() {
    super.unlinked();
    if (state.links() == 0) {
      releaseAll();
    }
  }

  @Override
  void releaseAll() {
    synchronized (this) {
      releaseOwn();
    }
  }

  private void releaseOwn() {
    if (ownReference) {
      ownReference = false;
      content.release();
    }
  }
}
