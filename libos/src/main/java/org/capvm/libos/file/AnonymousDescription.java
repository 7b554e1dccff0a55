package org.capvm.libos.file;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/** An open file without a name or a file system, such as an event counter. */
public abstract class AnonymousDescription extends FileDescription {
  private static final int OWNER_ONLY = 0600;

  private final String label;
  private final FileStatus status = AnonymousInodes.status(OWNER_ONLY);

  /**
   * An open file.
   *
   * @param label what {@code /proc/self/fd} shows behind {@code anon_inode:}
   */
  protected AnonymousDescription(String label, int flags) {
    super(null, flags);
    this.label = label;
  }

  @Override
  public final String describe(Location root) {
    return "anon_inode:" + label;
  }

  @Override
  public final FileStatus status() {
    return status;
  }

  /** Linux's {@code noop_llseek}: any offset is taken, and the file stays at 0. */
  @Override
  public final long seek(Task task, long offset, int whence) {
    return 0;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** The eight bytes of a buffer as a number. */
  protected static long getLong(IoBuffer buffer) {
    byte[] bytes = new byte[Long.BYTES];
    buffer.get(0, bytes, 0, bytes.length);
    long value = 0;
    for (int i = Long.BYTES - 1; i >= 0; i--) {
      value = (value << 8) | (bytes[i] & 0xFF);
    }
    return value;
  }

  /** Stores a number as eight bytes. */
  protected static void putLong(IoBuffer buffer, long value) {
    byte[] bytes = new byte[Long.BYTES];
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[i] = (byte) (value >>> (8 * i));
    }
    buffer.put(0, bytes, 0, bytes.length);
  }
}
