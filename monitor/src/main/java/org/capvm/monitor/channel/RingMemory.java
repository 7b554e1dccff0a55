package org.capvm.monitor.channel;

import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import java.lang.foreign.MemorySegment;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;

/**
 * Bytes on their way from one guest to another: native memory in which no guest address lies. They
 * are copied in and out with {@link org.capvm.monitor.memory.GuestMemory}, whose checks and faults
 * are those of every other copy.
 *
 * <p>Whoever allocates it frees it once, when no thread uses a {@link #slice} any more.
 */
public final class RingMemory {
  /** No bytes. */
  public static final RingMemory NONE = new RingMemory(0, 0);

  private final MemorySegment bytes;

  private RingMemory(long hostAddress, long lengthBytes) {
    bytes = RawMemory.ALL.asSlice(hostAddress, lengthBytes);
  }

  /**
   * Zeroed memory.
   *
   * @param lengthBytes a multiple of a page's 4096 bytes, above 0
   */
  public static RingMemory allocate(long lengthBytes) {
    return new RingMemory(HostMemory.reserve(lengthBytes, PROT_READ | PROT_WRITE), lengthBytes);
  }

  /** Bytes of it. */
  public long lengthBytes() {
    return bytes.byteSize();
  }

  /**
   * Part of it.
   *
   * @throws IndexOutOfBoundsException if it is not inside
   */
  public MemorySegment slice(long offset, long lengthBytes) {
    return bytes.asSlice(offset, lengthBytes);
  }

  /** Gives the memory back. */
  public void free() {
    if (bytes.byteSize() > 0) {
      HostMemory.munmap(bytes.address(), bytes.byteSize());
    }
  }
}
