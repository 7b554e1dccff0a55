package org.capvm.libos.memory;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.content.DescriptorBudget;
import org.capvm.libos.host.Hostcalls;
import org.capvm.machine.code.CodeOrigin;

/**
 * Shared anonymous memory: a host memory file that lives as long as some area maps it, and counts
 * once against its cVM's limits, however often it is mapped. Thread-safe.
 */
public final class SharedMemory implements MappedFile {
  /** Above the numbers that System V segments have. */
  private static final AtomicLong INODES = new AtomicLong(1L << 31);

  private final MemoryLimit limit;
  private final DescriptorBudget descriptors;
  private final long lengthBytes;
  private final int hostDescriptor;
  private final long inode = INODES.getAndIncrement();
  private final AtomicInteger references = new AtomicInteger(1);

  private SharedMemory(
      MemoryLimit limit, DescriptorBudget descriptors, long lengthBytes, int hostDescriptor) {
    this.limit = limit;
    this.descriptors = descriptors;
    this.lengthBytes = lengthBytes;
    this.hostDescriptor = hostDescriptor;
  }

  /**
   * Zeroed memory, with one reference for the caller.
   *
   * @param limit the cVM's, which the memory is charged to as long as it lives
   * @param descriptors what the host descriptor is taken from
   * @throws ErrnoException ENOMEM, ENFILE
   */
  public static SharedMemory create(
      MemoryLimit limit, DescriptorBudget descriptors, long lengthBytes) {
    if (!limit.hasRoomFor(lengthBytes)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    descriptors.take();
    long descriptor = Hostcalls.memfdCreate("shared");
    long result = descriptor < 0 ? descriptor : Hostcalls.ftruncate((int) descriptor, lengthBytes);
    if (result < 0) {
      if (descriptor >= 0) {
        Hostcalls.close((int) descriptor);
      }
      descriptors.give();
      throw ErrnoException.of((int) -result);
    }
    limit.charge(lengthBytes);
    return new SharedMemory(limit, descriptors, lengthBytes, (int) descriptor);
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
      descriptors.give();
      limit.charge(-lengthBytes);
    }
  }
}
