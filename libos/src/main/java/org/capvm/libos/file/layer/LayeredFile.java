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
import org.capvm.libos.file.content.DescriptorBudget;
import org.capvm.libos.file.content.HostContent;
import org.capvm.libos.file.content.HostCopy;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.file.host.HostStatus;
import org.capvm.libos.file.host.HostTimes;
import org.capvm.libos.host.HostPathcalls;

/**
 * A regular file: its content is the lower file's until something changes it, then our own, which
 * is in a host file of its own or, while nobody has it open, packed with others. Changes of where
 * the content is hold this object's monitor.
 */
final class LayeredFile extends LayeredNode {
  /** Larger files are not packed: copying them to and fro would cost more than a descriptor. */
  private static final long MAX_PACKED_BYTES = 1 << 20;

  /**
   * Content at rest.
   *
   * @param status the host file's, when it was packed
   */
  private record Packed(long at, FileStatus status, Charge charge) {}

  private final Inode lower;
  private final FileStatus lowerStatus;
  private volatile HostContent content;
  private volatile Packed packed;
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
      return statusOf(own);
    }
    synchronized (this) {
      Packed atRest = packed;
      if (atRest != null) {
        return state.status(fileSystem.device(), atRest.status);
      }
      own = content;
      if (own != null && own.tryRetain()) {
        return statusOf(own);
      }
    }
    return lowerStatus == null
        ? state.status(fileSystem.device(), 0, 0)
        : state.status(fileSystem.device(), lowerStatus.size(), lowerStatus.blocks());
  }

  /** The status of own content, which is retained for this call. */
  private FileStatus statusOf(HostContent own) {
    try {
      return state.status(fileSystem.device(), hostStatus(own));
    } finally {
      own.release();
    }
  }

  private static FileStatus hostStatus(HostContent own) {
    HostStatus host = new HostStatus();
    ErrnoException.check(HostPathcalls.status(own.hostDescriptor(), host));
    return host.status(0);
  }

  @Override
  public FileDescription open(Caller caller, Location location, int flags) {
    boolean writable = (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY;
    if (!hasOwnContent() && lower != null && !writable) {
      return lower.open(caller, location, flags);
    }
    String path = location.path(caller.fileSystem().root());
    HostContent own;
    synchronized (this) {
      own = ownContent(path, Long.MAX_VALUE, caller.fileSystem().mounts().descriptors());
      if (!own.tryRetain()) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (state.links() == 0) {
        releaseOwn();
      }
    }
    fileSystem.resting().settle();
    return new RegularFile(location, flags, own);
  }

  private boolean hasOwnContent() {
    return content != null || packed != null;
  }

  /**
   * Our own content, copied up or unpacked if need be, of which at most so many bytes are wanted.
   */
  private HostContent ownContent(String path, long wantedBytes, DescriptorBudget budget) {
    if (content == null) {
      Packed atRest = packed;
      Charge charge = atRest == null ? new Charge(fileSystem.quota()) : atRest.charge;
      HostContent.Identity identity =
          new HostContent.Identity(() -> path, fileSystem.device(), state.number(), null);
      HostContent made = HostContent.create(fileSystem.store(), identity, charge, budget);
      try {
        if (atRest != null) {
          unpack(atRest, made.hostDescriptor());
        } else if (lower != null) {
          copyUp(made.hostDescriptor(), charge, Math.min(wantedBytes, lowerStatus.size()));
        }
      } catch (ErrnoException failed) {
        made.abandon(atRest == null);
        throw failed;
      }
      ownReference = true;
      content = made;
      packed = null;
    }
    fileSystem.resting().used(this);
    return content;
  }

  private void copyUp(int output, Charge charge, long lengthBytes) {
    charge.requireTo(lengthBytes);
    FileDescription source = lower.open(null, Location.of(null, lower), OpenFlags.O_RDONLY);
    try {
      HostCopy.copy(source.hostDescriptor(), 0, output, 0, lengthBytes);
    } finally {
      source.release();
    }
    HostTimes.change(output, lowerStatus.access(), lowerStatus.modification());
  }

  private void unpack(Packed atRest, int output) {
    FileStatus status = atRest.status;
    fileSystem.pack().fetch(atRest.at, status.size(), output);
    HostTimes.change(output, status.access(), status.modification());
    fileSystem.pack().free(atRest.at, status.size());
  }

  /** Packs the content away, if nobody uses it and it is small; false if it stays. */
  boolean pack() {
    synchronized (this) {
      HostContent own = content;
      if (own == null || !ownReference) {
        return true;
      }
      FileStatus status = hostStatus(own);
      if (status.size() > MAX_PACKED_BYTES || !own.retireUnused()) {
        return false;
      }
      long at;
      try {
        at = fileSystem.pack().store(own.hostDescriptor(), status.size());
      } catch (ErrnoException hostIsFull) {
        own.revive();
        return false;
      }
      packed = new Packed(at, status, own.charge());
      ownReference = false;
      content = null;
      own.abandon(false);
      return true;
    }
  }

  @Override
  public void truncate(long size) {
    synchronized (this) {
      ownContent("", size, null).truncate(size);
    }
    fileSystem.resting().settle();
  }

  @Override
  public void changeTimes(Timestamp access, Timestamp modification) {
    super.changeTimes(access, modification);
    synchronized (this) {
      if (hasOwnContent()) {
        int descriptor = ownContent("", Long.MAX_VALUE, null).hostDescriptor();
        ErrnoException.check(HostTimes.change(descriptor, access, modification));
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
      Packed atRest = packed;
      if (atRest != null) {
        fileSystem.pack().free(atRest.at, atRest.status.size());
        atRest.charge.shrink(0);
        packed = null;
      }
      releaseOwn();
    }
  }

  private void releaseOwn() {
    if (ownReference) {
      ownReference = false;
      fileSystem.resting().gone(this);
      content.release();
    }
  }
}
