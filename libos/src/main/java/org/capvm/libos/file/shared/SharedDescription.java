package org.capvm.libos.file.shared;

import static org.capvm.libos.abi.Whence.SEEK_CUR;
import static org.capvm.libos.abi.Whence.SEEK_END;
import static org.capvm.libos.abi.Whence.SEEK_SET;

import java.lang.foreign.MemorySegment;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.Location;
import org.capvm.libos.process.Task;
import org.capvm.monitor.channel.CpFile;

/**
 * A CP_File that is open as a file, with an offset. It ends as a block device does: a read there
 * gives nothing, a write ENOSPC. Threads: any; the offset is guarded by this object's monitor.
 */
final class SharedDescription extends FileDescription {
  private static final int CHUNK_BYTES = 1 << 16;

  private final SharedFile inode;
  private final CpFile file;
  private long position;

  /** Takes the CP_File over. */
  SharedDescription(Location location, int flags, SharedFile inode, CpFile file) {
    super(location, flags);
    this.inode = inode;
    this.file = file;
  }

  /** Moves bytes by way of a chunk, as long as both sides have some. */
  @FunctionalInterface
  private interface Piece {
    void move(long at, long done, MemorySegment chunk);
  }

  private long transfer(long at, IoBuffer buffer, Piece piece) {
    long total = Math.min(buffer.length(), Math.max(0, file.lengthBytes() - at));
    MemorySegment chunk = MemorySegment.ofArray(new byte[(int) Math.min(CHUNK_BYTES, total)]);
    for (long done = 0; done < total; done += chunk.byteSize()) {
      piece.move(at + done, done, chunk.asSlice(0, Math.min(chunk.byteSize(), total - done)));
    }
    return total;
  }

  @Override
  public long readAt(Task task, IoBuffer buffer, long at) {
    return SharedFiles.attempt(
        () ->
            transfer(
                at,
                buffer,
                (from, done, chunk) -> {
                  file.read(from, chunk);
                  buffer.put(done, chunk);
                }));
  }

  @Override
  public long writeAt(Task task, IoBuffer buffer, long at) {
    if (buffer.length() > 0 && at >= file.lengthBytes()) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    return SharedFiles.attempt(
        () ->
            transfer(
                at,
                buffer,
                (to, done, chunk) -> {
                  buffer.get(done, chunk);
                  file.write(to, chunk);
                }));
  }

  @Override
  public boolean isPositional() {
    return true;
  }

  @Override
  public synchronized long read(Task task, IoBuffer buffer) {
    long count = readAt(task, buffer, position);
    position += count;
    return count;
  }

  @Override
  public synchronized long write(Task task, IoBuffer buffer) {
    if (has(OpenFlags.O_APPEND)) {
      position = file.lengthBytes();
    }
    long count = writeAt(task, buffer, position);
    position += count;
    return count;
  }

  @Override
  public synchronized long seek(Task task, long offset, int whence) {
    long base =
        switch (whence) {
          case SEEK_SET -> 0;
          case SEEK_CUR -> position;
          case SEEK_END -> file.lengthBytes();
          default -> throw ErrnoException.of(Errno.EINVAL);
        };
    if (offset < -base || offset > Long.MAX_VALUE - base) {
      throw ErrnoException.of(offset < 0 ? Errno.EINVAL : Errno.EOVERFLOW);
    }
    position = base + offset;
    return position;
  }

  @Override
  public FileStatus status() {
    return inode.status(file);
  }

  @Override
  public void sync(boolean dataOnly) {
    // Memory is all there is.
  }

  @Override
  protected void close() {
    file.close();
  }
}
