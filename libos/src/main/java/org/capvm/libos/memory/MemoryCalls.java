package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.MAP_ANONYMOUS;
import static org.capvm.libos.abi.Mman.MAP_FIXED;
import static org.capvm.libos.abi.Mman.MAP_FIXED_NOREPLACE;
import static org.capvm.libos.abi.Mman.MAP_GROWSDOWN;
import static org.capvm.libos.abi.Mman.MAP_HUGETLB;
import static org.capvm.libos.abi.Mman.MAP_NORESERVE;
import static org.capvm.libos.abi.Mman.MAP_PRIVATE;
import static org.capvm.libos.abi.Mman.MAP_SHARED;
import static org.capvm.libos.abi.Mman.MAP_SHARED_VALIDATE;
import static org.capvm.libos.abi.Mman.MAP_TYPE;
import static org.capvm.libos.abi.Mman.MREMAP_FIXED;
import static org.capvm.libos.abi.Mman.MREMAP_MAYMOVE;
import static org.capvm.libos.abi.Mman.PROT_WRITE;
import static org.capvm.libos.memory.AddressLayout.isPageAligned;
import static org.capvm.libos.memory.AddressLayout.pageUp;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Mman;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.process.Task;

/**
 * The memory system calls: arguments are checked here, in Linux's order, and the address space does
 * the work.
 */
final class MemoryCalls {
  private static final int GROWS = Mman.PROT_GROWSDOWN | Mman.PROT_GROWSUP;
  private static final int PROTECTIONS = Mman.PROT_READ | PROT_WRITE | Mman.PROT_EXEC | 8 | GROWS;

  private MemoryCalls() {}

  static long mmap(Task task, long hint, long length, long prot, long flagBits, long fd, long off) {
    int flags = (int) flagBits;
    if (!isPageAligned(off)) {
      return -Errno.EINVAL;
    }
    if ((flags & MAP_ANONYMOUS) != 0) {
      return mapAnonymous(task, hint, length, (int) prot, flags);
    }
    FileDescription file = task.files().get((int) fd);
    try {
      return mapFile(task, file, hint, length, (int) prot, flags, off);
    } finally {
      file.release();
    }
  }

  private static long mapAnonymous(Task task, long hint, long length, int prot, int flags) {
    requirePlaceable(hint, length, flags);
    if ((flags & MAP_HUGETLB) != 0) {
      return -Errno.ENOMEM;
    }
    int type = flags & MAP_TYPE;
    if (type == MAP_PRIVATE) {
      int kept = flags & ~MAP_SHARED;
      return task.addressSpace().map(hint, length, prot, kept, null, 0, null);
    }
    if (type != MAP_SHARED) {
      return -Errno.EINVAL;
    }
    SharedMemory shared =
        SharedMemory.create(
            task.libraryOs().memoryLimit(),
            task.fileSystem().mounts().descriptors(),
            pageUp(length));
    try {
      return task.addressSpace().map(hint, length, prot, flags, shared, 0, null);
    } finally {
      shared.release();
    }
  }

  private static long mapFile(
      Task task, FileDescription file, long hint, long length, int prot, int flags, long offset) {
    requirePlaceable(hint, length, flags);
    if (offset < 0 || offset > Long.MAX_VALUE - pageUp(length)) {
      return -Errno.EOVERFLOW;
    }
    int type = flags & MAP_TYPE;
    boolean shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
    if (!shared && type != MAP_PRIVATE) {
      return -Errno.EINVAL;
    }
    if (!file.isReadable()) {
      return -Errno.EACCES;
    }
    if (shared && (prot & PROT_WRITE) != 0 && !file.isWritable()) {
      return -Errno.EACCES;
    }
    if ((flags & MAP_GROWSDOWN) != 0) {
      return -Errno.EINVAL;
    }
    int kept = (flags & ~(MAP_TYPE | MAP_NORESERVE)) | (shared ? MAP_SHARED : 0);
    return task.addressSpace().map(hint, length, prot, kept, file.mappedFile(), offset, null);
  }

  private static void requirePlaceable(long hint, long length, int flags) {
    if (length == 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (length < 0 || length > AddressLayout.END) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    boolean fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
    if (fixed && !isPageAligned(hint)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  static long munmap(Task task, long address, long length, long a2, long a3, long a4, long a5) {
    task.addressSpace().unmap(address, length);
    return 0;
  }

  static long mprotect(
      Task task, long address, long length, long protection, long a3, long a4, long a5) {
    if ((protection & GROWS) == GROWS || !isPageAligned(address)) {
      return -Errno.EINVAL;
    }
    if (length == 0) {
      return 0;
    }
    if (pageUp(length) == 0 || endsBelowStart(address, pageUp(length))) {
      return -Errno.ENOMEM;
    }
    if ((protection & ~PROTECTIONS) != 0) {
      return -Errno.EINVAL;
    }
    if ((protection & GROWS) != 0) {
      MemoryArea area = task.addressSpace().areaAt(address);
      if (area == null) {
        return -Errno.ENOMEM;
      }
      if ((protection & Mman.PROT_GROWSUP) != 0 || !(area.growsDown() || area.isMainStack())) {
        return -Errno.EINVAL;
      }
      long end = address + pageUp(length);
      task.addressSpace().protect(area.start(), end - area.start(), (int) protection);
      return 0;
    }
    task.addressSpace().protect(address, length, (int) protection);
    return 0;
  }

  static long mremap(
      Task task, long old, long oldLength, long newLength, long flags, long wanted, long a5) {
    boolean fixed = (flags & MREMAP_FIXED) != 0;
    boolean mayMove = (flags & MREMAP_MAYMOVE) != 0;
    if ((flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE)) != 0 || (fixed && !mayMove)) {
      return -Errno.EINVAL;
    }
    if (!isPageAligned(old) || newLength == 0 || oldLength <= 0) {
      return -Errno.EINVAL;
    }
    if (newLength < 0 || newLength > AddressLayout.END || oldLength > AddressLayout.END) {
      return fixed ? -Errno.EINVAL : -Errno.ENOMEM;
    }
    long oldBytes = pageUp(oldLength);
    long newBytes = pageUp(newLength);
    if (fixed) {
      boolean inside =
          isPageAligned(wanted)
              && wanted >= AddressLayout.MMAP_MIN
              && wanted <= AddressLayout.END - newBytes;
      boolean overlaps = inside && wanted < old + oldBytes && old < wanted + newBytes;
      if (!inside || overlaps) {
        return -Errno.EINVAL;
      }
    }
    return task.addressSpace().remap(old, oldBytes, newBytes, mayMove, fixed ? wanted : -1);
  }

  static long brk(Task task, long requested, long a1, long a2, long a3, long a4, long a5) {
    return task.addressSpace().moveBreak(requested, task.limits().soft(Resource.RLIMIT_DATA));
  }

  static long madvise(
      Task task, long address, long length, long advice, long a3, long a4, long a5) {
    long bytes = pageUp(length);
    if (!MemoryAdvice.isKnown((int) advice)
        || !isPageAligned(address)
        || (bytes == 0 && length != 0)
        || endsBelowStart(address, bytes)) {
      return -Errno.EINVAL;
    }
    if (bytes != 0) {
      task.addressSpace().advise(address, bytes, (int) advice);
    }
    return 0;
  }

  static long mincore(
      Task task, long address, long length, long vector, long a3, long a4, long a5) {
    if (isPageAligned(address)) {
      requireMapped(address, length);
      AddressLayout.requireUserRange(vector, pageUp(length) / AddressLayout.PAGE);
    }
    byte[] resident = task.addressSpace().residency(address, length);
    task.memory().write(vector, resident, 0, resident.length);
    return 0;
  }

  static long msync(Task task, long address, long length, long flags, long a3, long a4, long a5) {
    int both = Mman.MS_ASYNC | Mman.MS_SYNC;
    if ((flags & ~(both | Mman.MS_INVALIDATE)) != 0
        || (flags & both) == both
        || !isPageAligned(address)) {
      return -Errno.EINVAL;
    }
    if (pageUp(length) == 0) {
      return 0;
    }
    task.addressSpace().sync(address, length, (int) flags);
    return 0;
  }

  static long mlock(Task task, long address, long length, long a2, long a3, long a4, long a5) {
    if (!task.credentials().isPrivileged()
        && task.limits().exceeds(Resource.RLIMIT_MEMLOCK, length)) {
      return task.limits().soft(Resource.RLIMIT_MEMLOCK) == 0 ? -Errno.EPERM : -Errno.ENOMEM;
    }
    return lock(task, address, length, true);
  }

  private static long lock(Task task, long address, long length, boolean locked) {
    long start = AddressLayout.pageDown(address);
    long bytes = pageUp(length + (address - start));
    if (bytes == 0) {
      return 0;
    }
    if (endsBelowStart(start, bytes)) {
      return -Errno.EINVAL;
    }
    task.addressSpace().lock(start, bytes, locked);
    return 0;
  }

  /** Whether a range goes past the end of 64 bits. */
  private static boolean endsBelowStart(long start, long bytes) {
    return Long.compareUnsigned(start + bytes, start) < 0;
  }

  private static void requireMapped(long address, long length) {
    if (address < 0 || length < 0 || address > Long.MAX_VALUE - length) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  static long mlock2(Task task, long address, long length, long flags, long a3, long a4, long a5) {
    if ((flags & ~Mman.MLOCK_ONFAULT) != 0) {
      return -Errno.EINVAL;
    }
    return mlock(task, address, length, 0, 0, 0, 0);
  }

  static long munlock(Task task, long address, long length, long a2, long a3, long a4, long a5) {
    return lock(task, address, length, false);
  }

  static long mlockall(Task task, long flags, long a1, long a2, long a3, long a4, long a5) {
    int known = Mman.MCL_CURRENT | Mman.MCL_FUTURE | Mman.MCL_ONFAULT;
    if (flags == 0 || (flags & ~known) != 0 || flags == Mman.MCL_ONFAULT) {
      return -Errno.EINVAL;
    }
    boolean allowed =
        task.credentials().isPrivileged()
            || !task.limits().exceeds(Resource.RLIMIT_MEMLOCK, task.addressSpace().mappedBytes());
    return allowed ? 0 : -Errno.ENOMEM;
  }

  static long munlockall(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return 0;
  }
}
