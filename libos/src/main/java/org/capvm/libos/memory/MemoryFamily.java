package org.capvm.libos.memory;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.ADVICE;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.MAP_FLAGS;
import static org.capvm.libos.ArgumentKind.PROTECTION;
import static org.capvm.libos.ArgumentKind.REMAP_FLAGS;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.SYNC_FLAGS;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of the memory calls. */
public final class MemoryFamily implements SystemCallFamily {
  private static final String NOT_LOCKED =
      "checked and recorded; pages are not locked in the host's memory";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 9 ->
          partial(
              9,
              "mmap",
              MemoryCalls::mmap,
              "MAP_HUGETLB returns ENOMEM",
              ADDRESS,
              SIZE,
              PROTECTION,
              MAP_FLAGS,
              FD,
              HEX);
      case 10 -> done(10, "mprotect", MemoryCalls::mprotect, ADDRESS, SIZE, PROTECTION);
      case 11 -> done(11, "munmap", MemoryCalls::munmap, ADDRESS, SIZE);
      case 12 -> done(12, "brk", MemoryCalls::brk, ADDRESS);
      case 25 ->
          partial(
              25,
              "mremap",
              MemoryCalls::mremap,
              "MREMAP_DONTUNMAP, and an old size of 0, return EINVAL",
              ADDRESS,
              SIZE,
              SIZE,
              REMAP_FLAGS,
              ADDRESS);
      case 26 -> done(26, "msync", MemoryCalls::msync, ADDRESS, SIZE, SYNC_FLAGS);
      case 27 -> done(27, "mincore", MemoryCalls::mincore, ADDRESS, SIZE, ADDRESS);
      case 28 ->
          done(28, "madvise", MemoryCalls::madvise, ADDRESS, SIZE, ADVICE)
              .noting("advice that only changes speed is accepted and not passed on");
      case 149 -> partial(149, "mlock", MemoryCalls::mlock, NOT_LOCKED, ADDRESS, SIZE);
      case 150 -> partial(150, "munlock", MemoryCalls::munlock, NOT_LOCKED, ADDRESS, SIZE);
      case 151 -> partial(151, "mlockall", MemoryCalls::mlockall, NOT_LOCKED, HEX);
      case 152 -> partial(152, "munlockall", MemoryCalls::munlockall, NOT_LOCKED);
      case 325 -> partial(325, "mlock2", MemoryCalls::mlock2, NOT_LOCKED, ADDRESS, SIZE, HEX);
      default -> null;
    };
  }
}
