package org.capvm.libos.memory;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.Hostcalls;
import org.capvm.machine.code.CodeOrigin;

/**
 * Shared anonymous memory: a host memory file that lives as long as some area maps it. Thread-safe.
 */
public final class SharedMemory implements MappedFile {
  private static final AtomicLong INODES = new AtomicLong(1);

  private final int hostDescriptor;
  private final long inode = INODES.getAndIncrement();
  private final AtomicInteger references = new AtomicInteger(1);

  private SharedMemory(int hostDescriptor) {
    this.hostDescriptor = hostDescriptor;
  }

  /**
   * Zeroed memory, with one reference for the caller.
   *
   * @throws ErrnoException ENOMEM, ENFILE
   */
  public static SharedMemory create(long lengthBytes) {
    int descriptor = (int) ErrnoException.check(Hostcalls.memfdCreate("shared"));
    long result = Hostcalls.ftruncate(descriptor, lengthBytes);
    if (result < 0) {
      Hostcalls.close(descriptor);
      ErrnoException.check(result);
    }
    return new SharedMemory(descriptor);
  }

  @Override
  public int hostDescriptor() {
    return hostDescriptor;
  }

  @Override
  public String path() {
    return "/dev/zero (deleted)";
  }

  @Override
  public long device() {
    return 1;
  }

  @Override
  public long inode() {
    return inode;
  }

  @Override
  public boolean isWritable() {
    return true;
  }

  @Override
  public CodeOrigin origin(long fileOffset) {
    return null;
  }

  @Override
  public void retain() {
    references.incrementAndGet();
  }

  @Override
  public void release() {
    if (references.decrementAndGet() == 0) {
      Hostcalls.close(hostDescriptor);
    }
  }
}
