package org.capvm.libos.file.content;

import static org.capvm.libos.abi.Whence.SEEK_CUR;
import static org.capvm.libos.abi.Whence.SEEK_DATA;
import static org.capvm.libos.abi.Whence.SEEK_END;
import static org.capvm.libos.abi.Whence.SEEK_HOLE;
import static org.capvm.libos.abi.Whence.SEEK_SET;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.Location;
import org.capvm.libos.host.HostFilecalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.MappedFile;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * An open regular file whose bytes are a host file's. Reads and writes are single host calls
 * between the guest's memory and the host file.
 *
 * <p>The offset is kept here, because several open files may share one host descriptor; it is
 * guarded by this object's monitor, which is held during a call that moves it, as Linux holds
 * {@code f_pos_lock}.
 */
public class RegularFile extends FileDescription {
  private static final int RWF_APPEND = 0x10;
  private static final int FALLOC_FL_PUNCH_HOLE = 2;
  private static final int FALLOC_FL_COLLAPSE_RANGE = 8;
  private static final int FALLOC_FL_INSERT_RANGE = 0x20;

  /** Every file system that a cVM may be given has files of so many bytes. */
  private static final long ANY_FILES_BYTES = 1L << 40;

  private final HostContent content;
  private long position;

  /**
   * Takes over one reference to the content.
   *
   * @param location where it was opened; its inode answers {@code fstat}
   */
  public RegularFile(Location location, int flags, HostContent content) {
    super(location, flags);
    this.content = content;
  }

  @Override
  public boolean isPositional() {
    return true;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    synchronized (this) {
      long count = transferIn(task, buffer, position);
      if (count > 0) {
        position += count;
      }
      return count;
    }
  }

  @Override
  public long readAt(Task task, IoBuffer buffer, long at) {
    return transferIn(task, buffer, at);
  }

  /**
   * Goes on where a page that is read-only for a moment cut a read of the host's short: for a
   * guest, only the file's end does that.
   */
  private long transferIn(Task task, IoBuffer buffer, long at) {
    long done = pread(buffer, at);
    while (done > 0
        && done < buffer.length()
        && buffer.isGuest()
        && task.addressSpace().hasBriefFaults()) {
      long more;
      try {
        more = pread(buffer.slice(done, buffer.length() - done), at + done);
      } catch (GuestMemoryFault endsThere) {
        break;
      }
      if (more <= 0) {
        break;
      }
      done += more;
    }
    return done;
  }

  private long pread(IoBuffer buffer, long at) {
    int descriptor = content.hostDescriptor();
    if (buffer.isOnePiece()) {
      long address = buffer.hostAddress();
      return buffer.storing(() -> Hostcalls.pread(descriptor, address, buffer.length(), at));
    }
    int pieces = buffer.writeVector();
    long vector = HostScratch.get().address();
    return buffer.storing(() -> HostFilecalls.preadv(descriptor, vector, pieces, at, 0));
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    synchronized (this) {
      if (has(OpenFlags.O_APPEND)) {
        long count = transferOut(task, buffer, size(), RWF_APPEND);
        position = size();
        return count;
      }
      long count = transferOut(task, buffer, position, 0);
      if (count > 0) {
        position += count;
      }
      return count;
    }
  }

  @Override
  public long writeAt(Task task, IoBuffer buffer, long at) {
    return has(OpenFlags.O_APPEND)
        ? transferOut(task, buffer, size(), RWF_APPEND)
        : transferOut(task, buffer, at, 0);
  }

  private long transferOut(Task task, IoBuffer buffer, long at, int hostFlags) {
    Charge charge = content.charge();
    long length = buffer.length();
    IoBuffer admitted = buffer;
    if (length > 0) {
      long allowed = FileSizeLimit.admit(task, at, length);
      long fits = charge == null ? allowed : charge.admit(at, allowed);
      admitted = fits == length ? buffer : buffer.slice(0, fits);
    }
    int descriptor = content.hostDescriptor();
    if (admitted.isOnePiece() && hostFlags == 0) {
      return Hostcalls.pwrite(descriptor, admitted.hostAddress(), admitted.length(), at);
    }
    int pieces = admitted.writeVector();
    return HostFilecalls.pwritev(descriptor, HostScratch.get().address(), pieces, at, hostFlags);
  }

  private long size() {
    return ErrnoException.check(Hostcalls.lseek(content.hostDescriptor(), 0, SEEK_END));
  }

  @Override
  public long seek(Task task, long offset, int whence) {
    synchronized (this) {
      long target =
          switch (whence) {
            case SEEK_SET -> offset;
            case SEEK_CUR -> position + offset;
            case SEEK_END -> size() + offset;
            case SEEK_DATA, SEEK_HOLE ->
                ErrnoException.check(Hostcalls.lseek(content.hostDescriptor(), offset, whence));
            default -> -1;
          };
      if (target < 0 || !canReach(target)) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      position = target;
      return target;
    }
  }

  /** Whether the file can have so many bytes: how large files may be is the host's to say. */
  public boolean canReach(long size) {
    return size <= ANY_FILES_BYTES
        || Hostcalls.lseek(content.hostDescriptor(), size, SEEK_SET) >= 0;
  }

  @Override
  public FileStatus status() {
    return location().inode().status();
  }

  @Override
  public void truncate(long size) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    content.truncate(size);
  }

  @Override
  public long allocate(int mode, long offset, long lengthBytes) {
    Charge charge = content.charge();
    if (offset > Long.MAX_VALUE - lengthBytes) {
      throw ErrnoException.of(Errno.EFBIG);
    }
    if (charge != null && (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE)) == 0) {
      boolean shifts = (mode & FALLOC_FL_INSERT_RANGE) != 0;
      charge.requireTo(shifts ? size() + lengthBytes : offset + lengthBytes);
    }
    return Hostcalls.fallocate(content.hostDescriptor(), mode, offset, lengthBytes);
  }

  @Override
  public void sync(boolean dataOnly) {
    int descriptor = content.hostDescriptor();
    ErrnoException.check(dataOnly ? Hostcalls.fdatasync(descriptor) : Hostcalls.fsync(descriptor));
  }

  @Override
  public int hostDescriptor() {
    return content.hostDescriptor();
  }

  @Override
  public MappedFile mappedFile() {
    content.chargeForMapping();
    return content.as(isWritable());
  }

  @Override
  protected void close() {
    content.release();
  }
}
