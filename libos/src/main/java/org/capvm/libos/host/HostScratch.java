package org.capvm.libos.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory for the arguments of one host call: paths, structures, vectors. One per thread,
 * reused by every call, so a caller copies out what it needs before it makes another.
 */
public final class HostScratch {
  /** Bytes one thread has. */
  public static final int SIZE_BYTES = 1 << 17;

  private static final ThreadLocal<MemorySegment> SCRATCH =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(SIZE_BYTES, 64));

  private HostScratch() {}

  /** The calling thread's scratch memory. */
  public static MemorySegment get() {
    return SCRATCH.get();
  }

  /**
   * Writes bytes and a closing NUL at an offset of the calling thread's scratch memory.
   *
   * @return the host address of the string
   */
  public static long string(int offset, byte[] bytes) {
    MemorySegment scratch = SCRATCH.get();
    MemorySegment.copy(
        bytes, 0, scratch, java.lang.foreign.ValueLayout.JAVA_BYTE, offset, bytes.length);
    scratch.set(java.lang.foreign.ValueLayout.JAVA_BYTE, (long) offset + bytes.length, (byte) 0);
    return scratch.address() + offset;
  }
}
