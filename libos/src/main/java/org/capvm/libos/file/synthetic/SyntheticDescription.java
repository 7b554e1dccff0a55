package org.capvm.libos.file.synthetic;

import static org.capvm.libos.abi.Whence.SEEK_CUR;
import static org.capvm.libos.abi.Whence.SEEK_SET;

import java.util.function.ToIntFunction;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.Location;
import org.capvm.libos.process.Task;

/**
 * An open synthetic file. The content is made at the first read and anew whenever reading starts at
 * 0 again, so one reader sees one consistent text. Threads: any; one call at a time.
 */
final class SyntheticDescription extends FileDescription {
  private static final int MAX_WRITE_BYTES = 4096;

  private final Caller opener;
  private final SyntheticFile.Content content;
  private final ToIntFunction<byte[]> writer;
  private byte[] text;
  private long position;

  SyntheticDescription(
      Caller opener,
      Location location,
      int flags,
      SyntheticFile.Content content,
      ToIntFunction<byte[]> writer) {
    super(location, flags);
    this.opener = opener;
    this.content = content;
    this.writer = writer;
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
  public synchronized long readAt(Task task, IoBuffer buffer, long at) {
    if (text == null || at == 0) {
      text = content.make(opener);
    }
    if (at >= text.length) {
      return 0;
    }
    int count = (int) Math.min(buffer.length(), text.length - at);
    buffer.put(0, text, (int) at, count);
    return count;
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    byte[] bytes = new byte[(int) Math.min(buffer.length(), MAX_WRITE_BYTES)];
    buffer.get(0, bytes, 0, bytes.length);
    return writer.applyAsInt(bytes);
  }

  @Override
  public long writeAt(Task task, IoBuffer buffer, long at) {
    return write(task, buffer);
  }

  @Override
  public synchronized long seek(Task task, long offset, int whence) {
    long target =
        switch (whence) {
          case SEEK_SET -> offset;
          case SEEK_CUR -> position + offset;
          default -> -1;
        };
    if (target < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    position = target;
    return target;
  }

  @Override
  protected void close() {}
}
