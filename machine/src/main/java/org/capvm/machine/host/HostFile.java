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
 * The few calls on files that the trusted base makes, one method per C function.
 *
 * <p>Lengths and offsets are in bytes. Every method throws {@link HostException} with the errno
 * when the call fails. Threads: any.
 */
public final class HostFile {
  /** Open for reading. */
  public static final int O_RDONLY = 0;

  /** Close the descriptor on exec. */
  public static final int O_CLOEXEC = 0x80000;

  /** {@link #fallocate} frees the range, which reads as zeros afterwards. */
  public static final int FALLOC_FL_PUNCH_HOLE = 2;

  /** {@link #fallocate} leaves the file's length alone. */
  public static final int FALLOC_FL_KEEP_SIZE = 1;

  private static final MethodHandle OPEN =
      NativeCall.withErrno(
          "open",
          FunctionDescriptor.of(JAVA_INT, ValueLayout.ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle PREAD =
      NativeCall.withErrno(
          "pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, POINTER, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PWRITE =
      NativeCall.withErrno(
          "pwrite", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, POINTER, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle FALLOCATE =
      NativeCall.withErrno(
          "fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));

  private HostFile() {}

  /**
   * Opens a file that exists.
   *
   * @param flags {@code O_} constants
   * @return its descriptor, which the caller closes
   */
  public static int open(String path, int flags) {
    int result;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cPath = arena.allocateFrom(path);
      result = (int) OPEN.invokeExact(NativeCall.errnoState(), cPath, flags);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result < 0) {
      throw new HostException("open(" + path + ")", NativeCall.errno());
    }
    return result;
  }

  /**
   * Reads into host memory.
   *
   * @return the number of bytes read, fewer than asked at the file's end
   */
  public static long pread(int descriptor, long hostAddress, long lengthBytes, long offset) {
    long result;
    try {
      result =
          (long)
              PREAD.invokeExact(
                  NativeCall.errnoState(), descriptor, hostAddress, lengthBytes, offset);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    return checked(result, "pread", descriptor, offset);
  }

  /**
   * Writes from host memory, which the kernel reads: a bad address is EFAULT, not a fault.
   *
   * @return the number of bytes written
   */
  public static long pwrite(int descriptor, long hostAddress, long lengthBytes, long offset) {
    long result;
    try {
      result =
          (long)
              PWRITE.invokeExact(
                  NativeCall.errnoState(), descriptor, hostAddress, lengthBytes, offset);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    return checked(result, "pwrite", descriptor, offset);
  }

  /**
   * Changes the storage behind part of a file.
   *
   * @param mode {@code FALLOC_FL_} constants
   */
  public static void fallocate(int descriptor, int mode, long offset, long lengthBytes) {
    int result;
    try {
      result =
          (int)
              FALLOCATE.invokeExact(NativeCall.errnoState(), descriptor, mode, offset, lengthBytes);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    checked(result, "fallocate", descriptor, offset);
  }

  private static long checked(long result, String call, int descriptor, long offset) {
    if (result < 0) {
      throw new HostException(call + "(" + descriptor + ", " + offset + ")", NativeCall.errno());
    }
    return result;
  }
}
