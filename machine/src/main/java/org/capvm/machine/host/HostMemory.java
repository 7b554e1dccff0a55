package org.capvm.machine.host;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.capvm.machine.host.NativeCall.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.capvm.machine.error.HostException;

/**
 * The host's calls about mappings, one method per C function, with Linux's own names for constants.
 *
 * <p>Addresses and lengths are raw and in bytes. Every method throws {@link HostException} with the
 * errno when the call fails. Threads: any.
 */
public final class HostMemory {
  /** No access. */
  public static final int PROT_NONE = 0;

  /** Readable. */
  public static final int PROT_READ = 1;

  /** Writable. */
  public static final int PROT_WRITE = 2;

  /** Executable. */
  public static final int PROT_EXEC = 4;

  /** Writes reach the file and other mappings of it. */
  public static final int MAP_SHARED = 0x01;

  /** Writes stay in this mapping. */
  public static final int MAP_PRIVATE = 0x02;

  /** Map exactly here and replace whatever was there. */
  public static final int MAP_FIXED = 0x10;

  /** Memory without a file. */
  public static final int MAP_ANONYMOUS = 0x20;

  /** Do not count the mapping against the commit limit. */
  public static final int MAP_NORESERVE = 0x4000;

  /** Touch all pages now. */
  public static final int MAP_POPULATE = 0x8000;

  /** Map exactly here, or fail with EEXIST when something is there. */
  public static final int MAP_FIXED_NOREPLACE = 0x100000;

  /** {@link #mremap} may move the mapping. */
  public static final int MREMAP_MAYMOVE = 1;

  /** {@link #mremap} moves the mapping to the address given. */
  public static final int MREMAP_FIXED = 2;

  /** {@link #mremap} leaves the old range mapped, without its pages; lengths must be equal. */
  public static final int MREMAP_DONTUNMAP = 4;

  /** Drop the pages; private anonymous memory reads as zero afterwards. */
  public static final int MADV_DONTNEED = 4;

  /** Drop the pages and the file's storage behind them. */
  public static final int MADV_REMOVE = 9;

  /** Prefer huge pages. */
  public static final int MADV_HUGEPAGE = 14;

  /** Never use huge pages. */
  public static final int MADV_NOHUGEPAGE = 15;

  /** Leave the range out of core dumps. */
  public static final int MADV_DONTDUMP = 16;

  /** Close the descriptor on exec. */
  public static final int MFD_CLOEXEC = 1;

  private static final long MAP_FAILED = -1;

  private static final MethodHandle MMAP =
      NativeCall.withErrno(
          "mmap",
          FunctionDescriptor.of(
              POINTER, POINTER, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP =
      NativeCall.withErrno("munmap", FunctionDescriptor.of(JAVA_INT, POINTER, JAVA_LONG));
  private static final MethodHandle MPROTECT =
      NativeCall.withErrno(
          "mprotect", FunctionDescriptor.of(JAVA_INT, POINTER, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MADVISE =
      NativeCall.withErrno(
          "madvise", FunctionDescriptor.of(JAVA_INT, POINTER, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MREMAP =
      NativeCall.withErrno(
          "mremap",
          FunctionDescriptor.of(POINTER, POINTER, JAVA_LONG, JAVA_LONG, JAVA_INT, POINTER),
          Linker.Option.firstVariadicArg(4));
  private static final MethodHandle MEMFD_CREATE =
      NativeCall.withErrno(
          "memfd_create", FunctionDescriptor.of(JAVA_INT, ValueLayout.ADDRESS, JAVA_INT));
  private static final MethodHandle FTRUNCATE =
      NativeCall.withErrno("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle CLOSE =
      NativeCall.withErrno("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private HostMemory() {}

  /**
   * Maps new memory of nobody else's: zeros, which take room only when they are touched.
   *
   * @return the host address of the mapping
   */
  public static long reserve(long lengthBytes, int protection) {
    return mmap(0, lengthBytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }

  /**
   * Maps memory.
   *
   * @return the host address of the mapping
   */
  public static long mmap(
      long hostAddress,
      long lengthBytes,
      int protection,
      int flags,
      int descriptor,
      long fileOffset) {
    long result;
    try {
      result =
          (long)
              MMAP.invokeExact(
                  NativeCall.errnoState(),
                  hostAddress,
                  lengthBytes,
                  protection,
                  flags,
                  descriptor,
                  fileOffset);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result == MAP_FAILED) {
      throw failed("mmap", hostAddress, lengthBytes);
    }
    return result;
  }

  /** Removes every mapping in the range. */
  public static void munmap(long hostAddress, long lengthBytes) {
    int result;
    try {
      result = (int) MUNMAP.invokeExact(NativeCall.errnoState(), hostAddress, lengthBytes);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    check(result, "munmap", hostAddress, lengthBytes);
  }

  /** Changes what may be done to the pages of the range. */
  public static void mprotect(long hostAddress, long lengthBytes, int protection) {
    int result;
    try {
      result =
          (int) MPROTECT.invokeExact(NativeCall.errnoState(), hostAddress, lengthBytes, protection);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    check(result, "mprotect", hostAddress, lengthBytes);
  }

  /**
   * Tells the kernel how the range will be used; {@code advice} is one of the {@code MADV_}
   * constants.
   */
  public static void madvise(long hostAddress, long lengthBytes, int advice) {
    int result;
    try {
      result = (int) MADVISE.invokeExact(NativeCall.errnoState(), hostAddress, lengthBytes, advice);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    check(result, "madvise", hostAddress, lengthBytes);
  }

  /**
   * Resizes or moves a mapping.
   *
   * @param flags {@code MREMAP_} constants
   * @param newHostAddress where to move it, used with {@link #MREMAP_FIXED} alone
   * @return the mapping's new host address
   */
  public static long mremap(
      long hostAddress, long lengthBytes, long newLengthBytes, int flags, long newHostAddress) {
    long result;
    try {
      result =
          (long)
              MREMAP.invokeExact(
                  NativeCall.errnoState(),
                  hostAddress,
                  lengthBytes,
                  newLengthBytes,
                  flags,
                  newHostAddress);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result == MAP_FAILED) {
      throw failed("mremap", hostAddress, lengthBytes);
    }
    return result;
  }

  /**
   * Makes an unnamed file in memory.
   *
   * @param name shown in {@code /proc/self/maps}
   * @return its descriptor, which the caller closes
   */
  public static int memfdCreate(String name, int flags) {
    int result;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cName = arena.allocateFrom(name);
      result = (int) MEMFD_CREATE.invokeExact(NativeCall.errnoState(), cName, flags);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result < 0) {
      throw new HostException("memfd_create(" + name + ")", NativeCall.errno());
    }
    return result;
  }

  /** Sets a file's length. */
  public static void ftruncate(int descriptor, long lengthBytes) {
    int result;
    try {
      result = (int) FTRUNCATE.invokeExact(NativeCall.errnoState(), descriptor, lengthBytes);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result < 0) {
      throw new HostException(
          "ftruncate(" + descriptor + ", " + lengthBytes + ")", NativeCall.errno());
    }
  }

  /** Closes a descriptor. */
  public static void close(int descriptor) {
    int result;
    try {
      result = (int) CLOSE.invokeExact(NativeCall.errnoState(), descriptor);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result < 0) {
      throw new HostException("close(" + descriptor + ")", NativeCall.errno());
    }
  }

  private static void check(int result, String call, long hostAddress, long lengthBytes) {
    if (result < 0) {
      throw failed(call, hostAddress, lengthBytes);
    }
  }

  private static HostException failed(String call, long hostAddress, long lengthBytes) {
    return new HostException(
        call + "(0x" + Long.toHexString(hostAddress) + ", " + lengthBytes + ")",
        NativeCall.errno());
  }
}
