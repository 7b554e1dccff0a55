package org.capvm.libos.file.dev;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.Location;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.Task;

/** An open {@code null}, {@code zero}, {@code full} or {@code urandom}. Stateless. */
final class MemoryDevice extends FileDescription {
  /** Which device. */
  enum Kind {
    NULL,
    ZERO,
    FULL,
    RANDOM
  }

  private static final byte[] ZEROS = new byte[65536];
  private static final int RANDOM_CHUNK = 4096;

  private final Kind kind;

  MemoryDevice(Kind kind, Location location, int flags) {
    super(location, flags);
    this.kind = kind;
  }

  @Override
  public boolean isPositional() {
    return true;
  }

  @Override
  public long read(Task task, IoBuffer buffer) {
    return switch (kind) {
      case NULL -> 0;
      case ZERO, FULL -> zero(buffer);
      case RANDOM -> random(buffer);
    };
  }

  private static long zero(IoBuffer buffer) {
    long done = 0;
    while (done < buffer.length()) {
      int count = (int) Math.min(ZEROS.length, buffer.length() - done);
      buffer.put(done, ZEROS, 0, count);
      done += count;
    }
    return done;
  }

  private static long random(IoBuffer buffer) {
    byte[] block = new byte[RANDOM_CHUNK];
    MemorySegment scratch = HostScratch.get();
    long done = 0;
    while (done < buffer.length()) {
      int count = (int) Math.min(block.length, buffer.length() - done);
      ErrnoException.check(Hostcalls.getrandom(scratch.address(), count, 0));
      MemorySegment.copy(scratch, ValueLayout.JAVA_BYTE, 0, block, 0, count);
      buffer.put(done, block, 0, count);
      done += count;
    }
    return done;
  }

  @Override
  public long readAt(Task task, IoBuffer buffer, long position) {
    return read(task, buffer);
  }

  @Override
  public long write(Task task, IoBuffer buffer) {
    if (kind == Kind.FULL && buffer.length() > 0) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    return buffer.length();
  }

  @Override
  public long writeAt(Task task, IoBuffer buffer, long position) {
    return write(task, buffer);
  }

  @Override
  public long seek(Task task, long offset, int whence) {
    return 0;
  }

  @Override
  protected void close() {}
}
