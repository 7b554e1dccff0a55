package org.capvm.libos.memory;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * Where things go in a guest address space. Fixed, so that every cVM that runs a program has the
 * same layout and shares its translations.
 *
 * <pre>
 *   0000_0000  never mapped (64 KiB)
 *   0040_0000  programs linked at a fixed address bring their own; usually here
 *   1000_0000  position-independent programs; the heap (brk) follows the program
 *              ... mappings of files, from 8000_0000 down: code lies below 2 GiB
 *   8000_0000
 *              ... anonymous mappings, from ff00_0000 down
 *   ff7f_0000  stack of the first thread, up to ffff_0000 (8 MiB at most; the rest is free for mappings)
 *   ffff_0000  never mapped
 * </pre>
 */
public final class AddressLayout {
  /** Bytes of a page. */
  public static final long PAGE = 4096;

  /** Lowest address that may be mapped, Linux's {@code vm.mmap_min_addr}. */
  public static final long MMAP_MIN = 0x1_0000;

  /** Where a position-independent program is put. */
  public static final long PROGRAM_BASE = 0x1000_0000;

  /** End of the area for code and files. */
  public static final long CODE_END = 0x8000_0000L;

  /** End of what may be mapped; also the top of the first thread's stack. */
  public static final long END = 0xffff_0000L;

  /** The most the first thread's stack may take, whatever its limit. */
  public static final long STACK_MAX = 8L << 20;

  /** Unmapped bytes kept below the first thread's stack, as Linux's {@code stack_guard_gap}. */
  public static final long STACK_GUARD = 256 * PAGE;

  /** Where the addresses of a Linux process end, mapped or not: {@code TASK_SIZE}. */
  private static final long USER_END = 0x7fff_ffff_f000L;

  private AddressLayout() {}

  /**
   * Refuses, with EFAULT, a buffer that does not lie below the end of a process's addresses. Linux
   * looks at that ({@code access_ok}) before it looks at what is mapped, and before most else.
   */
  public static void requireUserRange(long guestAddress, long lengthBytes) {
    boolean inside =
        guestAddress >= 0 && lengthBytes >= 0 && guestAddress <= USER_END - lengthBytes;
    if (!inside) {
      throw ErrnoException.of(Errno.EFAULT);
    }
  }

  /** Rounds up to a page; the value must be below 2^63 - 4096. */
  public static long pageUp(long bytes) {
    return (bytes + PAGE - 1) & -PAGE;
  }

  /** Rounds down to a page. */
  public static long pageDown(long bytes) {
    return bytes & -PAGE;
  }

  /** Whether a value is a multiple of the page size. */
  public static boolean isPageAligned(long value) {
    return (value & (PAGE - 1)) == 0;
  }
}
